"""A model of a log folder that lives: entries with a number each, and what a program, logrotate or a person does to the files.

The model keeps what was logged and not lost: an entry is lost where its only copy was deleted or truncated before any
reading could have met it. Every entry is made once, so whatever is read, each must be there once. Entries are longer than the
1 kB below which two files that were never seen before and hold the same are taken for two programs' logs.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import shutil
import zipfile
from pathlib import Path

import zstandard

from tests.helpers import entry

PACKERS = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
}


class Folder:
    """`logs` of an app under a writer and its rotations; all acts are steps that may stand between any two readings."""

    def __init__(self, logs: Path, random: random.Random) -> None:
        self.logs, self.random = logs, random
        self.count = 0
        self.current = logs / "laravel.log"
        self.told: list[str] = []
        # What is half done: the steps that are left of it.
        self.pending: list = []

    def append(self, many: int | None = None) -> None:
        lines = []
        for _ in range(many or self.random.choice((1, 3, 12))):
            self.count += 1
            lines.append(
                entry(f"entry {self.count}", {"n": self.count, "text": "x" * self.random.choice((1100, 3000))})
            )
        with self.current.open("ab") as file:
            file.write("".join(lines).encode())

    def append_in_halves(self) -> None:
        self.count += 1
        data = entry(f"entry {self.count}", {"n": self.count, "text": "h" * 1100}).encode()
        at = self.random.randrange(1, len(data))
        with self.current.open("ab") as file:
            file.write(data[:at])
        # To the file that holds the first half, wherever it is by then: a program has it open.
        descriptor = os.open(self.current, os.O_WRONLY | os.O_APPEND)

        def finish() -> None:
            os.write(descriptor, data[at:])
            os.close(descriptor)

        self.pending.append(finish)

    def _rotated(self) -> Path:
        """laravel.log.1, with those before moved up."""
        for n in range(9, 0, -1):
            for path in self.logs.glob(f"laravel.log.{n}*"):
                path.rename(self.logs / path.name.replace(f".log.{n}", f".log.{n + 1}", 1))
        return self.logs / "laravel.log.1"

    def rename(self) -> None:
        if self.current.exists():
            self.current.rename(self._rotated())
            self.current.touch()

    def rename_by_date(self) -> None:
        if self.current.exists():
            self.current.rename(self.logs / f"laravel-2026-11-{self.random.randrange(10, 29)}-{self.count}.log")

    def copy_truncate(self) -> None:
        """In three steps: half a copy, the whole, and the truncation. Nothing is written in between: real ones lose that."""
        if not self.current.exists():
            return
        data, copy = self.current.read_bytes(), self._rotated()
        copy.write_bytes(data[: self.random.randrange(len(data) + 1)])
        self.pending += [lambda: copy.write_bytes(data), lambda: os.truncate(self.current, 0)]

    def pack(self) -> None:
        """In three steps: half a file, the whole, and the removal of what it was made of."""
        plain = [p for p in self.logs.glob("laravel*") if p != self.current and p.suffix not in (*PACKERS, ".zip")]
        if not plain or any(p.is_symlink() for p in plain):
            return
        path = self.random.choice(sorted(plain))
        suffix = self.random.choice(sorted(PACKERS))
        packed = path.with_name(path.name + suffix)
        data = PACKERS[suffix](path.read_bytes())
        packed.write_bytes(data[: self.random.randrange(len(data))])
        self.pending += [lambda: packed.write_bytes(data), path.unlink]

    def zip(self) -> None:
        plain = [p for p in self.logs.glob("laravel*") if p != self.current and p.suffix not in (*PACKERS, ".zip")]
        if not plain or any(p.is_symlink() for p in plain):
            return
        path = self.random.choice(sorted(plain))
        with zipfile.ZipFile(path.with_name(f"{path.name}.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, path.name)
        self.pending.append(path.unlink)

    def link(self) -> None:
        path = self.logs / f"link-{self.count}.log"
        if self.current.exists() and not path.is_symlink():
            path.symlink_to(self.current.name)

    def hard_link(self) -> None:
        if self.current.exists() and not (self.logs / f"hard-{self.count}.log").exists():
            os.link(self.current, self.logs / f"hard-{self.count}.log")
            self.pending.append((self.logs / f"hard-{self.count}.log").unlink)

    def copy(self) -> None:
        """As a person does before an experiment."""
        if self.current.exists():
            shutil.copy(self.current, self.logs / f"saved-{self.count}.log")

    def loop(self) -> None:
        if not (self.logs / "loop").exists():
            (self.logs / "loop").symlink_to(".")

    def empty(self) -> None:
        (self.logs / self.random.choice(("other.log", "worker.log"))).touch()

    def same_name(self) -> None:
        """The log is moved over an empty one of another name, and begun anew under its own."""
        other = self.logs / "other.log"
        if (self.current.exists() and not other.exists()) or (other.exists() and not other.stat().st_size):
            if self.current.exists():
                self.current.rename(other)
            self.current.touch()

    def act(self) -> str:
        """The next step: one that is left of what was begun, or something new."""
        if self.pending:
            self.pending.pop(0)()
            return "go on"
        name = self.random.choice(ACTS)
        getattr(self, name)()
        return name

    def settle(self) -> None:
        while self.pending:
            self.pending.pop(0)()


ACTS = (
    "append", "append", "append", "append_in_halves", "rename", "rename_by_date", "copy_truncate", "copy_truncate", "pack", "pack",
    "zip", "link", "hard_link", "copy", "loop", "empty", "same_name",
)  # fmt: skip
