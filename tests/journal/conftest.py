"""A folder for a journal, spans to put into it, and other processes that use it too."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrace.balance import Balance
from orchestrace.conventions import ENDING, INPUT_VALUE, OUTPUT_VALUE
from orchestrace.journal.accounts import balance_of
from orchestrace.journal.appender import Appender
from orchestrace.journal.database import connect
from orchestrace.journal.encoding import Header, encode, encode_header
from orchestrace.journal.ingest import ingest
from orchestrace.journal.outbox import TRACES, Outbox
from orchestrace.records import SpanRecord

LARGEST_FILE = 8192
START = 1_764_000_000_000_000_000


def make_span(number: int = 1, **fields: Any) -> SpanRecord:
    """Return a span with ids of its own, that started `number` seconds after the others and has not ended."""
    known: dict[str, Any] = {
        "trace_id": "a" * 32,
        "span_id": f"{number:016x}",
        "parent_id": None,
        "name": f"span {number}",
        "kind": 0,
        "start": START + number * 1_000_000_000,
    }
    return SpanRecord(**known | fields)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that does not exist yet."""
    return tmp_path / "journal"


@pytest.fixture
def full_disk() -> Callable[[], AbstractContextManager[None]]:
    """Return a block in which no file becomes longer than 8 KiB: nothing can be allocated, as on a full disk."""
    resource = pytest.importorskip("resource")

    @contextmanager
    def limited() -> Iterator[None]:
        usual, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, most))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (usual, most))

    return limited


@pytest.fixture
def span() -> Callable[..., SpanRecord]:
    """Return the function that makes spans."""
    return make_span


@pytest.fixture
def ended(span: Callable[..., SpanRecord]) -> SpanRecord:
    """Return a span that has ended."""
    return span(1, end=span(5).start, attributes={INPUT_VALUE: "in", OUTPUT_VALUE: "out", ENDING: "returned"})


class Writer:
    """A process that writes into a folder, as far as readers can tell."""

    def __init__(self, folder: Path, process: str = "writer", **header: Any) -> None:
        known: dict[str, Any] = {
            "pid": os.getpid(), "host": "here", "start": START, "version": "1", "resource": {"service.name": "shop"}
        }  # fmt: skip
        self.header = Header(process, **known | header)
        self.appender = Appender(folder, lambda: encode_header(self.header), size=1 << 14)

    def write(self, *records: SpanRecord) -> Writer:
        """Append spans."""
        for record in records:
            self.appender.append(encode(record))
        return self

    def end(self) -> None:
        """End as a process does that has the time."""
        self.appender.close()

    def die(self) -> None:
        """End as a killed process does."""
        for segment in (self.appender._current, self.appender._spare):
            if segment is not None:
                segment.close()
        self.appender._current = self.appender._spare = None


@pytest.fixture
def writer(folder: Path) -> Iterator[Callable[..., Writer]]:
    """Return the function that makes writers, of which none outlives the test."""
    made: list[Writer] = []

    def make(process: str = "writer", **header: Any) -> Writer:
        made.append(Writer(folder, process, **header))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture
def database(folder: Path) -> Iterator[sqlite3.Connection]:
    """Return the folder's database, open for writing."""
    folder.mkdir(exist_ok=True)
    with closing(connect(folder)) as opened:
        yield opened


class Book:
    """The database of a folder, and what it says is to become of spans."""

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        self.folder, self.database = folder, database

    def take(self) -> None:
        """Ingest to the end."""
        for _ in ingest(self.database, self.folder):
            pass

    def states(self) -> dict[int, int]:
        """Return how many spans are in each state; once what is counted was compared with what is there."""
        counted = "SELECT state, sum(spans) FROM accounts GROUP BY state HAVING sum(spans) <> 0"
        there = dict(self.database.execute("SELECT state, count(*) FROM deliveries GROUP BY state"))
        assert dict(self.database.execute(counted)) == there
        return there

    def waiting(self) -> list[Any]:
        """Return the spans that wait for the first receiver."""
        return [record for _, _, record in Outbox(self.database, 1).waiting(TRACES, 9, 1 << 30)]

    def balance(self) -> Balance:
        """Return the balance of the writer."""
        return balance_of(self.database, "writer")


@pytest.fixture
def book(folder: Path, database: sqlite3.Connection) -> Book:
    """Return the folder's database, to be asked what became of spans."""
    return Book(folder, database)


Launch = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Return a function that starts a Python program with arguments; what still runs in the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str, *arguments: object) -> subprocess.Popen[str]:
        # Since 3.12 Python warns of a fork beside threads, which is what is tested.
        command = [sys.executable, "-W", "ignore:This process", "-c", program, *map(str, arguments)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True))  # noqa: S603 - ours
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def run(launch: Launch) -> Callable[..., str]:
    """Return a function that runs a Python program to its end, a good one, and returns what it printed."""

    def finish(program: str, *arguments: object) -> str:
        process = launch(program, *arguments)
        printed, complained = process.communicate(timeout=60)
        assert (0, "") == (process.returncode, complained)
        return printed

    return finish
