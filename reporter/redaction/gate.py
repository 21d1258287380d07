"""What stands between results and whoever reads them: the redactor as the settings ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reporter.redaction.redactor import Redactor


class Privacy(NamedTuple):
    """What leaves the machine. `known`: secrets of the app's .env; `patterns`: the user's own, by name;
    `salt`: in place of the sink's own."""

    known: tuple[str, ...] = ()
    patterns: Mapping[str, str] = {}
    phones: bool = False
    include_content: bool = False
    is_off: bool = False
    salt: str | None = None


def gate(salt: str | None, privacy: Privacy, *, is_thorough: bool = False) -> Redactor | None:
    """What results pass before they leave the machine; None where the user wants them as they are. `salt`: the sink's own.
    `is_thorough`: for what is made in bulk, with kingfisher's rules beside our own."""
    if privacy.is_off:
        return None
    from reporter.redaction.redactor import Redactor

    return Redactor(
        privacy.salt or salt or "",
        privacy.known,
        privacy.patterns,
        include_content=privacy.include_content,
        phones=privacy.phones,
        is_thorough=is_thorough,
    )
