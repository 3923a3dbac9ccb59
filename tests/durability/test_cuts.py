"""Files of a journal that were cut, or whose bytes were flipped: by a disk, a power failure, half of a copy."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrace.exceptions import JournalError
from orchestrace.journal.journal import Journal
from orchestrace.journal.reader import Reader
from orchestrace.records import SpanRecord

SPANS = 60
FILES = [".segment", ".db", ".db-wal"]


def span(number: int) -> SpanRecord:
    """Return a span that has ended."""
    return SpanRecord(
        trace_id="a" * 32,
        span_id=f"{number:016x}",
        parent_id=None,
        name="invoke_agent A",
        kind=0,
        start=number * 1000,
        end=number * 1000 + 10,
        attributes={"gen_ai.operation.name": "invoke_agent", "input.value": "x" * 500},
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as a kill leaves it: a database with its log, and a segment with more than what is in there."""
    folder, copy = tmp_path_factory.mktemp("whole") / "journal", tmp_path_factory.mktemp("copy") / "journal"
    journal = Journal(folder)
    for number in range(1, SPANS + 1):
        journal.ended(span(number))
        if number == SPANS // 2:
            assert journal.flush()
    shutil.copytree(folder, copy)
    journal.close()
    return copy


def put(whole: Path, folder: Path, suffix: str) -> Path:
    """Make a copy of the folder; return its file with that suffix."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    return next(path for path in folder.iterdir() if path.name.endswith(suffix))


def goes_on(folder: Path) -> int:
    """Record one more span there, and return how many can be read."""
    journal = Journal(folder)
    journal.ended(span(SPANS + 1))
    assert journal.flush() or journal.flush()
    journal.close()
    return len(Reader(folder).trace("a" * 32))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
class TestCuts:
    @given(data=st.data(), suffix=st.sampled_from(FILES))
    @settings(max_examples=40)
    def test_a_journal_cut_at_any_byte_opens(
        self, data: st.DataObject, suffix: str, whole: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """What can be read is read, nothing raises but what readers promise, and the next span is kept."""
        folder = tmp_path_factory.getbasetemp() / "cut"
        path = put(whole, folder, suffix)
        size = data.draw(st.integers(0, min(path.stat().st_size, 80_000) - 1))
        with path.open("r+b") as file:
            file.truncate(size)

        with suppress(JournalError):
            assert len(Reader(folder).trace("a" * 32)) <= SPANS
        assert goes_on(folder) >= 1

    @given(data=st.data(), suffix=st.sampled_from(FILES))
    @settings(max_examples=40)
    def test_a_journal_with_bytes_flipped_goes_on(
        self, data: st.DataObject, suffix: str, whole: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """A database that cannot be read is put away, and a new one begins with what the segments still hold."""
        folder = tmp_path_factory.getbasetemp() / "flipped"
        path = put(whole, folder, suffix)
        at = data.draw(st.integers(0, min(path.stat().st_size, 80_000) - 16))
        with path.open("r+b") as file:
            file.seek(at)
            flipped = bytes(byte ^ 0xFF for byte in file.read(16))
            file.seek(at)
            file.write(flipped)

        with suppress(JournalError):
            Reader(folder).runs()
        assert goes_on(folder) >= 1

    def test_a_whole_one_is_whole(self, whole: Path, tmp_path: Path) -> None:
        """Else the others would say nothing."""
        put(whole, tmp_path / "journal", ".db")

        assert SPANS + 1 == goes_on(tmp_path / "journal")
