"""
Erase what was forgotten from the files beside the database: in place from segments that are still being written.

Files that were put away as damaged go as a whole.
"""

from __future__ import annotations

import mmap
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO, Final

import orjson

from orchestrace.journal.damage import DAMAGED
from orchestrace.journal.decoding import decode
from orchestrace.journal.frames import FRAME, SegmentReader, checksum
from orchestrace.journal.ingest import TORN
from orchestrace.journal.notice import Notice
from orchestrace.records import LogRecord, SpanRecord

__all__ = ["erase_damaged", "erase_frames"]

_HARMLESS: Final = b'{"type":"forgotten"'
"""A payload that readers skip, up to the spaces that make it as long as what stood there."""


def erase_frames(
    database: sqlite3.Connection, folder: Path, traces: Collection[str], attributes: Mapping[str, str]
) -> int:
    """
    Write over those frames that are of `traces`, or have one of `attributes`; return how many.

    Inside of a transaction, so that nobody moves on meanwhile, and only as far as a segment was read: nobody needs a
    frame before that, and whoever stumbles over one in the moment of its erasure finds it damaged, and looks again.
    """
    erased = 0
    for name, offset in database.execute("SELECT name, offset FROM segments").fetchall():
        with suppress(FileNotFoundError), (folder / name).open("r+b") as file:
            places = list(_places(file, offset, traces, attributes))
            for place, length in places:
                payload = _HARMLESS.ljust(length - 1) + b"}"
                # The length stays: a reader finds the frame that follows at any moment.
                file.seek(place)
                file.write(FRAME.pack(checksum(payload), length) + payload)
            if places:
                file.flush()
                os.fsync(file.fileno())
            erased += len(places)
    return erased


def erase_damaged(folder: Path, traces: Collection[str], attributes: Mapping[str, str]) -> list[str]:
    """
    Delete files that were put away as damaged, and in which a trace or the value of an attribute stands.

    A database goes with its log: pages of one run may be in both. Returns their names: something of others may have
    been in them.
    """
    words = [trace_id.encode() for trace_id in traces] + [orjson.dumps(value) for value in attributes.values()]
    put_away = sorted((*folder.glob(f"*{TORN}"), *folder.glob(f"*{DAMAGED}*")))
    found = {_without_log(path) for path in put_away if _has_any(path, words)}
    erased = []
    for path in put_away:
        if _without_log(path) in found:
            with suppress(OSError):
                path.unlink()
                erased.append(path.name)
    return erased


def _without_log(path: Path) -> str:
    return path.name.removesuffix("-wal")


def _has_any(path: Path, words: Iterable[bytes]) -> bool:
    with (
        suppress(OSError, ValueError),  # an empty file cannot be mapped
        path.open("rb") as file,
        closing(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)) as content,
    ):
        return any(content.find(word) >= 0 for word in words)
    return False


def _places(
    file: BinaryIO, end: int, traces: Collection[str], attributes: Mapping[str, str]
) -> Iterator[tuple[int, int]]:
    reader = SegmentReader(file)
    start = reader.offset
    for payload in reader:
        if reader.offset > end:
            return
        if _is_theirs(payload, traces, attributes):
            yield start, len(payload)
        start = reader.offset


def _is_theirs(payload: bytes, traces: Collection[str], attributes: Mapping[str, str]) -> bool:
    record = decode(payload)
    if not isinstance(record, (SpanRecord, LogRecord, Notice)):
        return False
    said = record.attributes
    return record.trace_id in traces or any(str(said.get(name)) == value for name, value in attributes.items())
