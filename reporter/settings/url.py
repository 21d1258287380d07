"""URLs taken apart as PHP's parse_url does, since that is what the app's own connections go by."""

from __future__ import annotations

import re
from typing import NamedTuple

_SCHEME = re.compile(r"[a-zA-Z0-9+.\-]+")
_NO_PORT = -1
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Parts(NamedTuple):
    """As they stand in the URL, still encoded; None for what is not there."""

    scheme: str | None = None
    user: str | None = None
    password: str | None = None
    host: str | None = None
    port: int | None = None
    path: str | None = None
    query: str | None = None


def parse_url(url: str) -> Parts | None:
    """The parts of `scheme://…`; None where PHP can't tell them. The last @ ends the password, the first / the host."""
    scheme, colon, rest = url.partition("://")
    if not colon or not _SCHEME.fullmatch(scheme):
        return None
    url_parts = re.match(r"([^/?#]*)([^?#]*)(?:\?([^#]*))?", rest)
    assert url_parts
    authority, path, query = url_parts.groups()
    login, at, where = authority.rpartition("@")
    host, port = _host(where)
    if not host or port == _NO_PORT:
        return None
    user, has_password, password = login.partition(":")
    return Parts(
        _plain(scheme),
        _plain(user) if at else None,
        _plain(password) if at and has_password else None,
        _plain(host),
        port,
        _plain(path) if path else None,
        _plain(query),
    )


def _host(where: str) -> tuple[str, int | None]:
    """Host and port; _NO_PORT for a port that is none."""
    host, colon, port = where.rpartition(":")
    if not colon or (where.startswith("[") and where.endswith("]")):
        return where, None
    if not port:
        return host, None
    # As C's strtol: blanks before, a sign, and what comes behind the digits is passed over.
    number = re.match(r"[ \t\n\v\f\r]*[+-]?[0-9]+", port)
    if len(port.encode()) > 5 or not number or not 0 <= int(number[0]) <= 65535:
        return host, _NO_PORT
    return host, int(number[0])


def _plain(text: str | None) -> str | None:
    return None if text is None else _CONTROL.sub("_", text)
