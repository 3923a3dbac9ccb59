from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrace import conventions as names
from orchestrace.journal.appender import Appender
from orchestrace.journal.database import connect, transaction
from orchestrace.journal.encoding import Header, encode, encode_header
from orchestrace.journal.ingest import TORN, ingest, ingest_own
from orchestrace.journal.row import COLUMNS, record_of
from orchestrace.records import SpanRecord

HOLD = """
import sys
from pathlib import Path
from orchestrace.journal.appender import Appender
from orchestrace.journal.encoding import Header, encode, encode_header
from orchestrace.records import SpanRecord
import os
appender = Appender(Path(sys.argv[1]), lambda: encode_header(Header("other", os.getpid(), "here", 1, "1", {})))
appender.append(encode(SpanRecord("c" * 32, "d" * 16, None, "held", 0, 1)))
print("written", flush=True)
sys.stdin.read()
"""
ID = st.sampled_from(["a" * 16, "b" * 16, "c" * 16])
RECORDS = st.lists(
    st.builds(SpanRecord, ID, ID, st.none() | ID, st.just("x"), st.just(0), st.just(5), st.none() | st.just(9))
)


def take(database: sqlite3.Connection, folder: Path, **options: Any) -> int:
    """Ingest to the end, and return in how many steps."""
    return sum(1 for _ in ingest(database, folder, **options))


def spans(database: sqlite3.Connection) -> list[SpanRecord]:
    """Return what the database holds, in the order in which it came."""
    rows = database.execute(f"SELECT {', '.join(COLUMNS)} FROM spans ORDER BY id")  # noqa: S608 - our names
    return [record_of(row) for row in rows]


def over(database: sqlite3.Connection) -> dict[str, int]:
    """Return which processes are known, and whether they are gone."""
    return dict(database.execute("SELECT id, over FROM processes"))


class TestIngest:
    def test_brings_spans_into_the_database(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """While they are being written, and who writes them."""
        records = [span(1), span(2, end=7, attributes={"a": [1, 2]})]
        writer().write(*records)
        take(database, folder)

        assert records == spans(database)
        assert [("writer", os.getpid(), "here", "1", '{"service.name":"shop"}', 0)] == database.execute(
            "SELECT id, pid, host, version, resource, over FROM processes"
        ).fetchall()

    def test_an_end_replaces_its_start(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """In one batch or in two; the span stays where its start put it."""
        one = writer().write(span(1), span(2), span(2, end=8, name="later"))
        take(database, folder)
        one.write(span(3), span(1, end=9, status="ERROR", attributes={"b": 1}))
        take(database, folder)

        assert [span(1, end=9, status="ERROR", attributes={"b": 1}), span(2, end=8, name="later"), span(3)] == spans(
            database
        )

    def test_a_start_never_replaces_an_end(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Whatever order they are read in."""
        one = writer().write(span(1, end=9), span(1))
        take(database, folder)
        one.write(span(1))
        take(database, folder)

        assert [span(1, end=9)] == spans(database)

    @given(RECORDS, st.data())
    @settings(deadline=None, max_examples=15)
    def test_read_twice_or_in_pieces_it_is_the_same(self, records: list[SpanRecord], data: st.DataObject) -> None:
        """From its beginning, or from anywhere on: what the database holds depends on what was written alone."""
        held = []
        for again in (False, True):
            with TemporaryDirectory() as place, closing(connect(Path(place))) as database:
                header = encode_header(Header("p", os.getpid(), "here", 1, "1", {}))
                appender = Appender(Path(place), lambda: header, size=1 << 14)  # noqa: B023 - used in this round
                pause = data.draw(st.integers(0, len(records))) if again else -1
                for number, record in enumerate(records):
                    if number == pause:
                        take(database, Path(place))
                        database.execute("UPDATE segments SET offset = 0")
                    appender.append(encode(record))
                take(database, Path(place))
                if again:
                    database.execute("DELETE FROM segments")
                    take(database, Path(place))
                appender.close()
                held.append(spans(database))

        assert held[0] == held[1]

    def test_a_segment_that_ended_is_deleted(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Once all of it was read; nothing else is left of it."""
        writer().write(span(1, end=9)).end()
        take(database, folder)

        assert ([], []) == (list(folder.glob("*.segment")), database.execute("SELECT * FROM segments").fetchall())
        assert [span(1, end=9)] == spans(database)

    def test_a_segment_whose_writer_is_gone_is_deleted(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """It was killed, and nothing more will come."""
        writer().write(span(1, end=9)).die()
        take(database, folder)

        assert ([], [span(1, end=9)]) == (list(folder.glob("*.segment")), spans(database))

    def test_a_segment_that_is_written_stays(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """And is not read twice."""
        writer().write(span(1))
        first = take(database, folder)

        assert (1, 0, 1) == (first, take(database, folder), len(list(folder.glob("*.segment"))))

    def test_a_damaged_segment_is_kept(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """What stands before the damage was read; what stands behind it may be rescued."""
        writer().write(span(1, end=9), span(2, end=9)).die()
        (path,) = folder.glob("*.segment")
        path.write_bytes(path.read_bytes().replace(b"span 2", b"spam 2"))
        take(database, folder)

        assert ([span(1, end=9)], [path.with_suffix(TORN)]) == (spans(database), list(folder.glob(f"*{TORN}")))
        assert 0 == take(database, folder)

    def test_with_keep_no_file_is_touched(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """For whoever only looks."""
        writer().write(span(1, end=9)).end()
        before = list(folder.glob("*.segment"))
        take(database, folder, keep=True)

        assert (before, [span(1, end=9)]) == (list(folder.glob("*.segment")), spans(database))

    def test_many_spans_are_several_transactions(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """So that nobody waits long; across segments nothing is missing."""
        records = [span(number, end=1, attributes={"long": "x" * 500}) for number in range(600)]
        writer().write(*records)

        assert take(database, folder) > 3
        assert records == spans(database)

    def test_what_is_no_span_is_skipped(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Frames of a later version, and nonsense: it never stands still."""
        one = writer()
        for payload in (b"{}", b"nonsense", orjson.dumps({"type": "log"}), b'{"type":"span","trace_id":5}'):
            one.appender.append(payload)
        one.write(span(1))
        take(database, folder)

        assert [span(1)] == spans(database)

    @pytest.mark.parametrize(
        ("attributes", "holds"),
        [
            ({names.ROLE: "agent"}, 2),
            ({names.OPERATION_NAME: "invoke_workflow"}, 2),
            ({names.OPERATION_NAME: "chat"}, 1),
            ({}, 1),
            ({names.OUTCOME_PREFIX + "name": "replied"}, 0),
        ],
    )
    def test_knows_what_a_trace_holds(  # noqa: PLR0913, PLR0917 - fixtures and a case
        self,
        database: sqlite3.Connection,
        folder: Path,
        writer: Callable[..., Any],
        span: Callable[..., SpanRecord],
        attributes: dict[str, str],
        holds: int,
    ) -> None:
        """The most that any of its spans is, and when the first began."""
        one = writer().write(span(5, attributes={names.OUTCOME_PREFIX + "name": "replied"}))
        take(database, folder)
        one.write(span(3, attributes=attributes), span(4, attributes={names.OUTCOME_PREFIX + "name": "replied"}))
        take(database, folder)

        assert [("a" * 32, span(3).start, holds)] == database.execute("SELECT * FROM traces").fetchall()


class TestProcesses:
    @pytest.mark.parametrize("way", ["end", "die"])
    def test_who_is_gone_is_over(
        self,
        database: sqlite3.Connection,
        folder: Path,
        writer: Callable[..., Any],
        span: Callable[..., SpanRecord],
        way: str,
    ) -> None:
        """Whether it was known before or not."""
        one, other = writer("one").write(span(1)), writer("other").write(span(2))
        take(database, folder)
        before = over(database)
        getattr(one, way)()
        getattr(writer("short").write(span(3)), way)()
        take(database, folder)

        assert ({"one": 0, "other": 0}, {"one": 1, "other": 0, "short": 1}) == (before, over(database))
        other.end()

    def test_a_process_that_writes_again_is_not_over(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """It closed its journal, and then another span ended."""
        one = writer().write(span(1))
        one.end()
        take(database, folder)
        one.write(span(2))
        take(database, folder)

        assert {"writer": 0} == over(database)

    def test_a_process_between_two_segments_is_not_over(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """The one that ended is deleted, and the other says that it lives."""
        one = writer().write(span(1))
        take(database, folder)
        one.write(*(span(number, attributes={"long": "x" * 9000}) for number in range(2, 5)))
        take(database, folder)

        assert ({"writer": 0}, 1) == (over(database), len(list(folder.glob("*.segment"))))

    def test_who_has_no_segment_any_more_is_over(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Its files may have been deleted by hand."""
        one = writer().write(span(1))
        take(database, folder)
        one.die()
        for path in folder.glob("*.segment"):
            path.unlink()
        take(database, folder)

        assert {"writer": 1} == over(database)


class TestOthers:
    def test_those_who_live_can_be_left_to_themselves(
        self,
        database: sqlite3.Connection,
        folder: Path,
        writer: Callable[..., Any],
        span: Callable[..., SpanRecord],
        launch: Callable[..., Popen[str]],
    ) -> None:
        """Until they are gone: then whoever comes next takes what they left."""
        process = launch(HOLD, folder)
        assert process.stdout.readline() == "written\n"
        writer().write(span(1))
        take(database, folder, pid=os.getpid())
        before = [record.name for record in spans(database)]
        process.kill()
        process.wait()
        take(database, folder, pid=os.getpid())

        assert (["span 1"], ["span 1", "held"]) == (before, [record.name for record in spans(database)])
        assert {"writer": 0, "other": 1} == over(database)

    def test_own_segments_alone(
        self,
        database: sqlite3.Connection,
        folder: Path,
        writer: Callable[..., Any],
        span: Callable[..., SpanRecord],
        launch: Callable[..., Popen[str]],
    ) -> None:
        """Nothing else is looked at."""
        process = launch(HOLD, folder)
        assert process.stdout.readline() == "written\n"
        process.kill()
        process.wait()
        writer().write(span(1))
        for _ in ingest_own(database, folder):
            pass

        assert ["span 1"] == [record.name for record in spans(database)]

    def test_two_at_once_read_everything_once(
        self, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Each frame is stored by one of them; together they miss none."""
        records = [span(number, end=1, attributes={"long": "x" * 200}) for number in range(2000)]
        writer().write(*records).end()
        gate = threading.Barrier(3)
        connect(folder).close()

        def work() -> None:
            with closing(connect(folder, timeout=30)) as database:
                gate.wait()
                take(database, folder)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with closing(connect(folder)) as database:
            assert sorted(records, key=lambda one: one.span_id) == sorted(spans(database), key=lambda one: one.span_id)
        assert [] == list(folder.glob("*.segment"))

    def test_what_another_read_meanwhile_is_not_read_again(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """How far a segment was read is compared once nobody else can write."""
        writer().write(*(span(number, end=1) for number in range(300)))
        steps = ingest(database, folder)
        next(steps)
        with closing(connect(folder)) as other:
            take(other, folder)
            with transaction(other):
                other.execute("DELETE FROM spans")
        for _ in steps:
            pass

        assert [] == spans(database)

    def test_what_another_has_put_away_is_not_read_again(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """A file that is still open here may be gone, and with it how far it was read."""
        one = writer()
        one.appender._size = 1 << 20
        one.write(*(span(number, end=1) for number in range(300))).end()
        steps = ingest(database, folder)
        next(steps)
        with closing(connect(folder)) as other:
            take(other, folder)
            with transaction(other):
                other.execute("DELETE FROM spans")
        for _ in steps:
            pass

        assert [] == spans(database)

    def test_what_a_killed_process_did_not_put_away_is(
        self, database: sqlite3.Connection, folder: Path, writer: Callable[..., Any], span: Callable[..., SpanRecord]
    ) -> None:
        """Neither its file nor the row of a file stays."""
        writer().write(span(1)).end()
        (path,) = folder.glob("*.segment")
        content = path.read_bytes()
        take(database, folder)
        path.write_bytes(content)
        database.execute("INSERT INTO segments VALUES (?, ?), ('gone.segment', 5)", (path.name, len(content)))
        take(database, folder)

        assert ([], []) == (list(folder.glob("*.segment")), database.execute("SELECT * FROM segments").fetchall())
