from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrace import conventions as names
from orchestrace.exceptions import JournalError
from orchestrace.journal import reader as module
from orchestrace.journal.database import FILE_NAME, SCHEMA, transaction
from orchestrace.journal.reader import Reader
from orchestrace.records import SpanRecord

READ_ONLY = """
import sys
from pathlib import Path
from orchestrace.journal.reader import Reader
print([run.name for run in Reader(Path(sys.argv[1])).runs()])
"""
AGENT = {names.ROLE: "agent", names.AGENT_NAME: "Crafter"}


def ended(number: int, span: Callable[..., SpanRecord], trace_id: str) -> SpanRecord:
    """Return an agent's span in a trace of its own."""
    return span(number, trace_id=trace_id, end=9, attributes=dict(AGENT))


class TestEmpty:
    @pytest.mark.parametrize("make", [lambda _: None, Path.mkdir, Path.touch])
    def test_has_no_runs(self, folder: Path, make: Callable[[Path], None]) -> None:
        """No folder, an empty one, or no folder at all; and nothing is made."""
        make(folder)

        assert [] == Reader(folder).runs()
        assert [] == (list(folder.iterdir()) if folder.is_dir() else [])

    @pytest.mark.parametrize("wanted", ["last", "abcd", "a" * 32])
    def test_has_no_trace(self, folder: Path, wanted: str) -> None:
        """The message says so."""
        with pytest.raises(JournalError, match="is empty"):
            Reader(folder).trace(wanted)

    @pytest.mark.usefixtures("database")
    def test_a_database_without_spans(self, folder: Path) -> None:
        """As good as none."""
        assert [] == Reader(folder).runs()
        with pytest.raises(JournalError, match="holds none"):
            Reader(folder).trace("last")
        with pytest.raises(JournalError, match="There are no runs"):
            Reader(folder).trace("abcd")


class TestRuns:
    def test_what_is_being_written_is_there(
        self, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """It is ingested first, every time."""
        one, reader = writer().write(span(1, attributes=dict(AGENT))), Reader(folder)
        before = [(run.name, run.ending) for run in reader.runs()]
        one.end()
        after = [(run.name, run.ending) for run in reader.runs()]

        assert ([("Crafter", "running")], [("Crafter", "interrupted")]) == (before, after)

    def test_limit_and_nested_are_passed_on(
        self, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """See `run`."""
        writer().write(span(1, attributes=AGENT), span(2, parent_id=span(1).span_id, attributes=AGENT))
        reader = Reader(folder)

        assert [1, 2, 1] == [len(reader.runs()), len(reader.runs(nested=True)), len(reader.runs(1, nested=True))]


class TestTrace:
    def test_is_in_order_of_time(
        self, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Those that started together as they were written."""
        records = [span(3, end=9), span(1, end=9), span(2, end=9), span(2, span_id="0" * 16, end=9)]
        writer().write(*records)

        assert [records[1], records[2], records[3], records[0]] == Reader(folder).trace("a" * 32)

    def test_tells_running_from_interrupted(
        self, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """One process lives, the other was killed; what ended has its own ending."""
        writer("one").write(span(1), span(2, end=9, attributes={names.ENDING: "drained"}))
        writer("other").write(span(3)).die()

        assert ["running", "drained", "interrupted"] == [
            record.attributes[names.ENDING] for record in Reader(folder).trace("last")
        ]

    @pytest.mark.parametrize(
        "wanted",
        ["abcd" * 8, "abcd", " ABCDab ", "abcd" * 8 + "-" + "0" * 16 + "-66f00000", "last"],
    )
    def test_can_be_asked_for_in_many_ways(
        self, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord], wanted: str
    ) -> None:
        """Its id, the beginning of it, a run's reference, or as the last."""
        writer().write(ended(1, span, "12" * 16), ended(2, span, "abcd" * 8))

        assert ["abcd" * 8] == [record.trace_id for record in Reader(folder).trace(wanted)]

    @pytest.mark.parametrize(
        ("wanted", "message"),
        [
            ("ffff", r"There is no trace ffff in .*\. The newest runs: abab.* \(Crafter\), abab.* \(Crafter\)"),
            ("abab", r"abab begins more than one trace: abab\S+, abab\S+\. Give more digits"),
            ("aba", "at least 4 hex digits"),
            ("", "at least 4 hex digits"),
            ("%", "at least 4 hex digits"),
            ("a" * 33, "at least 4 hex digits"),
            ("c" * 32 + "-" + "0" * 16 + "-66f00000", "There is no trace c{32} in"),
        ],
    )
    def test_what_is_not_there_is_an_error(
        self, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord], wanted: str, message: str
    ) -> None:
        """That says what is."""
        writer().write(ended(1, span, "abab" + "0" * 28), ended(2, span, "abab" + "1" * 28))
        with pytest.raises(JournalError, match=message):
            Reader(folder).trace(wanted)

    def test_many_matches_are_not_all_listed(
        self, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Five are enough."""
        writer().write(*(ended(number, span, f"abab{number:028x}") for number in range(7)))
        with pytest.raises(JournalError, match=r"(abab\w+, ){4}abab\w+ and more\."):
            Reader(folder).trace("abab")


class TestFolder:
    def test_a_newer_one_is_an_error(self, database: sqlite3.Connection, folder: Path) -> None:
        """Its data stays as it is."""
        database.execute(f"PRAGMA user_version = {SCHEMA + 1}")
        with pytest.raises(JournalError, match="newer orchestrace"):
            Reader(folder).runs()

    def test_a_file_that_is_no_database_is_an_error(self, folder: Path) -> None:
        """With the words of SQLite."""
        folder.mkdir()
        (folder / FILE_NAME).write_text("no database" * 1000)
        with pytest.raises(JournalError, match="cannot be read: file is not a database"):
            Reader(folder).runs()

    def test_a_folder_that_cannot_be_looked_into_is_an_error(self) -> None:
        """With the words of the operating system."""
        with pytest.raises(JournalError, match=r"cannot be read: .*too long"):
            Reader(Path("x" * 5000)).runs()

    def test_while_another_writes_all_the_time(
        self,
        database: sqlite3.Connection,
        folder: Path,
        writer: Callable[..., Any],
        span: Callable[..., SpanRecord],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """What was ingested before is read."""
        monkeypatch.setattr(module, "_WRITERS", 0.01)
        one = writer().write(ended(1, span, "a" * 32))
        reader = Reader(folder)
        before = len(reader.runs())
        one.write(ended(2, span, "b" * 32))
        with transaction(database):
            during = len(reader.runs())

        assert (1, 1, 2) == (before, during, len(reader.runs()))

    def test_that_cannot_be_written_is_read_all_the_same(
        self, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without a database, from the segments, which stay where they are."""

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError

        monkeypatch.setattr(module, "connect", refuse)
        writer().write(ended(1, span, "a" * 32)).end()
        before = list(folder.iterdir())

        assert (["Crafter"], before) == ([run.name for run in Reader(folder).runs()], list(folder.iterdir()))

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write anywhere")
    def test_on_a_read_only_medium(
        self, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord], run: Callable[..., str]
    ) -> None:
        """Where nothing can be made at all."""
        writer().write(ended(1, span, "a" * 32)).end()
        folder.chmod(0o500)

        assert "['Crafter']\n" == run(READ_ONLY, folder)
