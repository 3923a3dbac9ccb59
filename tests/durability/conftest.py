"""Programs that are killed, what they said, and what their journal knows."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from orchestrace.balance import Balance
from orchestrace.journal.accounts import balances
from orchestrace.journal.database import connect
from orchestrace.journal.ingest import ingest
from orchestrace.records import SpanRecord
from orchestrace.running import Running
from orchestrace.running import start as start_running
from orchestrace.settings import Settings

PATIENCE = 10.0
HERE = Path(__file__).parent
DELIVERIES = "SELECT process, state, count(*) FROM deliveries WHERE process IS NOT NULL GROUP BY process, state"
ACCOUNTS = "SELECT process, state, sum(spans) FROM accounts GROUP BY process, state HAVING sum(spans) <> 0"


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment, less what it says about tracing, and with what is given."""
    ours = ("OTEL_", "ORCHESTRACE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | variables


class Ashes:
    """The journal folder of processes that are gone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def recover(self) -> None:
        """Read what lies there, as the next process does."""
        self.folder.mkdir(exist_ok=True)
        with closing(connect(self.folder)) as database:
            for _ in ingest(database, self.folder):
                pass

    def ask(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with closing(sqlite3.connect(self.folder / "journal.db")) as database:
            return database.execute(question, values).fetchall()

    def wait_until(self, question: str) -> None:
        """Wait until the answer is yes."""
        deadline, pause = time.monotonic() + PATIENCE, threading.Event()
        while not self.ask(question)[0][0]:
            assert time.monotonic() < deadline, question
            pause.wait(0.02)

    def balance(self) -> Balance:
        """Return the balance of all processes, once it was compared with what it counts."""
        assert sorted(self.ask(DELIVERIES)) == sorted(self.ask(ACCOUNTS))
        with closing(sqlite3.connect(self.folder / "journal.db")) as database:
            return Balance.sum(balances(database).values())


@pytest.fixture
def ashes(tmp_path: Path) -> Ashes:
    """Return a journal folder that does not exist yet."""
    return Ashes(tmp_path / "journal")


class Mortal:
    """A program whose children are killed (`mortal.py`)."""

    def __init__(self, folder: Path, log: Path) -> None:
        self._folder = folder
        with log.open("w") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - ours
                [sys.executable, str(HERE / "mortal.py")],
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def die(self, how: str, seed: int, endpoint: str | None = None) -> list[tuple[str, str, str]]:
        """Have a child live and die; return the events that it reported, each with trace and span."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        told = {"how": how, "seed": seed, "folder": str(self._folder), "endpoint": endpoint}
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        return [tuple(line.split()) for line in json.loads(self._process.stdout.readline()).splitlines()]  # type: ignore[misc]

    def end(self) -> None:
        """End the program itself."""
        self._process.communicate()


@pytest.fixture
def mortal(ashes: Ashes, tmp_path: Path) -> Iterator[Mortal]:
    """Run the program."""
    log = tmp_path / "mortal.log"
    program = Mortal(ashes.folder, log)
    yield program
    program.end()
    assert "" == log.read_text()


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts a Python program with variables; what still runs in the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def launch(program: str, *arguments: object, variables: Mapping[str, str] = {}) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "ignore:This process", "-c", program, *map(str, arguments)]
        pipe = subprocess.PIPE
        env = environment(**variables)
        started.append(subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True))  # noqa: S603 - ours
        return started[-1]

    yield launch
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


class Post:
    """A journal of this process and its forwarder, as `configure()` joins them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: list[Running] = []
        self._numbers = itertools.count(1)

    def open(self, endpoint: str, protocol: str = "http/protobuf", **settings: Any) -> Running:
        """Send to a receiver from now on."""
        known = {"journal": self.folder, "isolated": True, "instrument": False, "service_name": "post"}
        self._running.append(start_running(Settings(endpoint=endpoint, protocol=protocol, **known | settings)))
        return self._running[-1]

    def spans(self, count: int, **fields: Any) -> list[SpanRecord]:
        """Return spans that have just ended."""
        now = time.time_ns()
        known: dict[str, Any] = {"trace_id": "a" * 32, "parent_id": None, "name": "good", "kind": 0}
        known |= {"start": now - 1000, "end": now, "attributes": {"input.value": "x" * 200}}
        return [SpanRecord(span_id=f"{next(self._numbers):016x}", **known | fields) for _ in range(count)]

    def close(self) -> None:
        """Stop."""
        for running in self._running:
            running.stop(0.3, patience=0.1)


@pytest.fixture
def post(ashes: Ashes) -> Iterator[Post]:
    """Return how to record and send in this process, in no provider that anybody else sees."""
    opened = Post(ashes.folder)
    yield opened
    opened.close()
