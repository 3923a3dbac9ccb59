"""Which segments lie in a folder, who wrote them, and who of these still lives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrace.journal.decoding import decode
from orchestrace.journal.encoding import FORMAT, Header
from orchestrace.journal.frames import SegmentReader
from orchestrace.journal.lock import is_held
from orchestrace.journal.segment import SUFFIX

__all__ = ["Found", "census", "host", "may_have_others"]


@dataclass(frozen=True, slots=True)
class Found:
    """A segment, who wrote it, and whether more may come: `lives` was asked before anything was read."""

    path: Path
    header: Header
    lives: bool


def census(folder: Path, pid: int | None = None) -> list[Found]:
    """
    Return the segments of a folder that this version can read, oldest first; with `pid`, of processes of that id alone.

    A process that lives is in it: it begins a segment before it ends the one before, and the folder is looked at again
    until nothing is new.
    """
    found: list[Found] = []
    seen: set[str] = set()
    while new := _names(folder, pid) - seen:
        seen |= new
        found.extend(_look(folder, new))
    return sorted(found, key=lambda one: one.path.name)


def may_have_others(folder: Path, pid: int) -> bool:
    """Tell whether a folder may have segments of others than the process of that id. Looks at names alone."""
    names = _names(folder, None)
    # In containers many a process has the same id: then there are several segments.
    return len(names) > 1 or names != _names(folder, pid)


def host() -> str:
    """Return the name of this machine, or container."""
    import platform  # noqa: PLC0415 - heavy, and wanted once

    return platform.node()


def _names(folder: Path, pid: int | None) -> set[str]:
    mark = "" if pid is None else f"-{pid}-"
    with suppress(FileNotFoundError, NotADirectoryError):
        return {path.name for path in folder.iterdir() if path.suffix == SUFFIX and mark in path.name}
    return set()


def _look(folder: Path, names: set[str]) -> Iterator[Found]:
    for name in names:
        with suppress(OSError), (folder / name).open("rb") as file:
            reader = SegmentReader(file)
            held = reader.locked and is_held(file.fileno())
            header = decode(next(iter(reader), b""))
            if isinstance(header, Header) and header.format <= FORMAT:
                yield Found(folder / name, header, held if reader.locked else _may_live(header, reader))


def _may_live(header: Header, reader: SegmentReader) -> bool:
    # Without locks (Windows, some networks) the end mark and, on this machine, the process's id have to tell.
    for _ in reader:
        pass
    return not reader.ended and (header.host != host() or _exists(header.pid))


def _exists(pid: int) -> bool:
    if os.name == "nt":  # where signal 0 is Ctrl+C
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
