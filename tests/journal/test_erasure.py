from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrace.journal.database import transaction
from orchestrace.journal.erasure import erase_damaged, erase_frames
from orchestrace.journal.frames import SegmentReader
from orchestrace.journal.ingest import ingest
from orchestrace.journal.notice import encode_ended
from orchestrace.journal.signals import encode_log
from orchestrace.records import LogRecord, SpanRecord

THEIRS, OTHERS = "a" * 32, "b" * 32


def payloads(folder: Path) -> list[bytes]:
    """Return what stands in the frames of the folder's segment, behind the header."""
    (path,) = folder.glob("*.segment")
    with path.open("rb") as file:
        return list(SegmentReader(file))[1:]


def erased(database: sqlite3.Connection, folder: Path, *traces: str, **attributes: str) -> int:
    """Erase, as whoever forgets does."""
    with transaction(database):
        return erase_frames(database, folder, traces, attributes)


class TestEraseFrames:
    def test_spaces_stand_where_a_frame_was(
        self, folder: Path, database: sqlite3.Connection, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """As long as before, with a right checksum; the others are untouched."""
        process = writer().write(span(1), span(2, trace_id=OTHERS), span(3))
        for _ in ingest(database, folder):
            pass
        before = payloads(folder)

        assert 2 == erased(database, folder, THEIRS)
        after = payloads(folder)
        assert [len(one) for one in before] == [len(one) for one in after]
        assert (before[1], b'{"type":"forgotten"}') == (after[1], after[0].replace(b" ", b""))
        process.write(span(4, trace_id=OTHERS))
        assert 4 == len(payloads(folder))

    def test_what_is_said_where_an_end_had_no_room(
        self, folder: Path, database: sqlite3.Connection, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """It names the trace."""
        writer().appender.append(encode_ended(span(1, end=9)))
        for _ in ingest(database, folder):
            pass

        assert (1, False) == (erased(database, folder, THEIRS), THEIRS.encode() in payloads(folder)[0])

    def test_what_nobody_has_read_yet_stays(
        self, folder: Path, database: sqlite3.Connection, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """It may be in the hands of a reader just now, and comes into the database first."""
        process = writer().write(span(1))
        for _ in ingest(database, folder):
            pass
        process.write(span(2))

        assert (1, b"span 2" in payloads(folder)[1]) == (erased(database, folder, THEIRS), True)

    def test_log_records_by_trace_or_attribute(
        self, folder: Path, database: sqlite3.Connection, writer: Callable[..., Any]
    ) -> None:
        """They may belong to no trace, and say themselves whose they are."""
        process = writer()
        for record in (LogRecord(1, 1, trace_id=THEIRS), LogRecord(1, 1, attributes={"who": 7}), LogRecord(1, 1)):
            process.appender.append(encode_log(record))
        for _ in ingest(database, folder):
            pass

        assert (2, 0) == (erased(database, folder, THEIRS, who="7"), erased(database, folder, THEIRS, who="7"))

    def test_a_segment_that_is_gone(self, folder: Path, database: sqlite3.Connection) -> None:
        """Somebody was faster: there is nothing to erase."""
        database.execute("INSERT INTO segments VALUES ('1-1-a.segment', 100)")

        assert 0 == erased(database, folder, THEIRS)


class TestEraseDamaged:
    def test_what_has_a_trace_or_a_value_in_it(self, tmp_path: Path) -> None:
        """A segment or a database that nobody could read; others that were put away stay."""
        for name, content in (
            ("1.torn", f'"trace_id":"{THEIRS}"'),
            ("2.torn", '"user.id":"Zoë"'),
            ("3.torn", '"user.id":"Zoëlla"'),
            ("4.torn", ""),
            ("journal.db.damaged-1", f"\0{THEIRS}\0"),
            ("journal.db", THEIRS),
        ):
            (tmp_path / name).write_text(content, encoding="utf-8")

        assert ["1.torn", "2.torn", "journal.db.damaged-1"] == erase_damaged(tmp_path, [THEIRS], {"user.id": "Zoë"})
        assert ["3.torn", "4.torn", "journal.db"] == sorted(path.name for path in tmp_path.iterdir())

    def test_a_database_goes_with_its_log(self, tmp_path: Path) -> None:
        """A page of a prompt does not say whose it is: the page before it does, and may be in the other file."""
        for name, content in (
            ("journal.db.damaged-1", "a prompt"),
            ("journal.db.damaged-1-wal", THEIRS),
            ("journal.db.damaged-2", THEIRS),
            ("journal.db.damaged-2-wal", "a prompt"),
            ("journal.db.damaged-3-wal", "another"),
        ):
            (tmp_path / name).write_text(content, encoding="utf-8")
        erased = erase_damaged(tmp_path, [THEIRS], {})

        assert [f"journal.db.damaged-{name}" for name in ("1", "1-wal", "2", "2-wal")] == erased
        assert ["journal.db.damaged-3-wal"] == [path.name for path in tmp_path.iterdir()]
