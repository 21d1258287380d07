"""What packed logs unpack to, in pieces of bounded size: gzip, xz, lzma, bzip2, zstd, and the files within a zip.

Which it is, the first bytes say, not the name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from typing import IO

_RAW_BYTES = 64 << 10
# The decoder gives all that it makes of one piece: at the ratio of a bomb this is 32 MB.
_ZSTD_RAW_BYTES = 1 << 10
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
)
_OTHERS = (
    (b"7z\xbc\xaf\x27\x1c", "packed with 7-Zip"),
    (b"Rar!\x1a\x07", "packed with RAR"),
    (b"\x04\x22\x4d\x18", "packed with lz4"),
    (b"\x89LZO", "packed with lzop"),
    (b"LZIP", "packed with lzip"),
    (b"\x1f\x9d", "packed with compress"),
    (b"\xff\x06\0\0sNaPpY", "packed with snappy"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"\x89PNG\r\n", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"%PDF-", "a PDF"),
    (b"\x7fELF", "a program"),
    (b"PAR1", "a Parquet file"),
)


_ENDINGS = ("gz", "xz", "lzma", "bz2", "zst", "zip")


class UnpackError(OSError):
    """The bytes are not what their packing asks for; what came before is good."""


class CutOffError(OSError):
    """The packed file ends before its end: it is being written, or was cut off."""

    def __init__(self) -> None:
        super().__init__("its end is missing: still being packed, or cut off")


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class Stream(Protocol):
    """Bytes one way. `read` raises UnpackError, and CutOffError where more should come."""

    def read(self, count: int) -> bytes: ...


def packing_of(head: bytes, name: str) -> str:
    """How a file that begins with `head` is packed; '' where it is not."""
    for magic, packing in _MAGIC:
        if head.startswith(magic):
            return packing
    if head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"):
        return "bzip2"
    return "lzma" if name.endswith(".lzma") and head[:3] == b"]\0\0" else ""


def misnamed(packing: str, name: str) -> str:
    """What is to be said of a file that is not packed although its name says so; it is read as it stands."""
    ending = name.rpartition(".")[2]
    return f"named .{ending} but not packed: read as it stands" if not packing and ending in _ENDINGS else ""


def not_a_log(head: bytes) -> str:
    """What a file that begins with `head` is in place of a log; '' where it may be one."""
    if head[257:262] == b"ustar":
        return "a tar archive"
    if head[8:12] == b"DUCK":
        return "a DuckDB database"
    return next((what for magic, what in _OTHERS if head.startswith(magic)), "")


def is_zstd_here() -> bool:
    from importlib.util import find_spec

    return find_spec("zstandard") is not None


def unpacked(raw: IO[bytes], packing: str, member: str, size: int) -> Stream:
    """What the first `size` bytes of a file unpack to; `member`: of a zip, the file within. Raises UnpackError."""
    raw.seek(0)
    return _Member(raw, member) if packing == "zip" else _Members(raw, packing, size)


def zip_members(raw: IO[bytes]) -> list[str]:
    """The files within a zip file, in its order. Raises UnpackError."""
    import zipfile

    try:
        with zipfile.ZipFile(raw) as archive:
            inside = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as exc:
        msg = f"not a whole zip file: {exc}"
        raise UnpackError(msg) from exc
    return [name for name in dict.fromkeys(inside) if not name.startswith("__MACOSX/")]


class _Members:
    """One packed stream after the other, as `cat a.gz b.gz` makes them."""

    def __init__(self, raw: IO[bytes], packing: str, size: int) -> None:
        self._raw, self._packing, self._left = raw, packing, size
        self._decoder = _decoder(packing)
        self._fed = b""
        self._errors = _errors(packing)

    def read(self, count: int) -> bytes:
        while True:
            if self._decoder.eof and not self._next():
                return b""
            try:
                made, self._fed = self._decoder.decompress(self._fed, count), b""
            except self._errors as exc:
                msg = f"cannot be unpacked: {exc}"
                raise UnpackError(msg) from exc
            if made:
                return made
            if not self._decoder.eof:
                self._fed = self._more()
                if not self._fed:
                    raise CutOffError

    def _next(self) -> bool:
        """Whether another stream follows the one that ended. Zeros behind it only fill up a block."""
        rest = self._decoder.unused_data.lstrip(b"\0")
        while not rest:
            raw = self._more()
            if not raw:
                return False
            rest = raw.lstrip(b"\0")
        self._decoder, self._fed = _decoder(self._packing), rest
        return True

    def _more(self) -> bytes:
        data = self._raw.read(min(self._left, _ZSTD_RAW_BYTES if self._packing == "zstd" else _RAW_BYTES))
        self._left -= len(data)
        return data


class _Member:
    """A file within a zip file."""

    def __init__(self, raw: IO[bytes], name: str) -> None:
        import zipfile
        import zlib

        self._errors = (
            zipfile.BadZipFile,
            zlib.error,
            RuntimeError,
            NotImplementedError,
            KeyError,
            EOFError,
            ValueError,
        )
        try:
            self._file = zipfile.ZipFile(raw).open(name)  # noqa: SIM115 - the reader closes what lies beneath
        except self._errors as exc:
            raise self._failed(exc) from exc

    def read(self, count: int) -> bytes:
        try:
            return self._file.read(count)
        except self._errors as exc:
            raise self._failed(exc) from exc

    def _failed(self, exc: Exception) -> UnpackError:
        return UnpackError(f"cannot be unpacked: {exc}")


class _Gzip:
    """zlib's decoder with the ways of the others."""

    def __init__(self) -> None:
        import zlib

        self._inner = zlib.decompressobj(31)
        self._rest = b""

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        made = self._inner.decompress(self._rest + data, max_length)
        self._rest = self._inner.unconsumed_tail
        return made


class _Zstd:
    def __init__(self) -> None:
        import zstandard

        self._inner: Any = zstandard.ZstdDecompressor().decompressobj()
        self.eof = False
        self.unused_data = b""
        self._made = b""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        if data:
            self._made += self._inner.decompress(data)
        made, self._made = self._made[:max_length], self._made[max_length:]
        self.eof = self._inner.eof and not self._made
        self.unused_data = self._inner.unused_data
        return made


def _decoder(packing: str) -> _Decoder:
    if packing == "gzip":
        return _Gzip()
    if packing == "bzip2":
        import bz2

        return bz2.BZ2Decompressor()
    if packing == "zstd":
        return _Zstd()
    import lzma

    return lzma.LZMADecompressor()


def _errors(packing: str) -> tuple[type[Exception], ...]:
    """What a decoder raises for bytes that are not of its kind."""
    if packing == "gzip":
        import zlib

        return (zlib.error,)
    if packing == "bzip2":
        return (OSError, EOFError, ValueError)
    if packing == "zstd":
        import zstandard

        return (zstandard.ZstdError,)
    import lzma

    return (lzma.LZMAError, EOFError, MemoryError)
