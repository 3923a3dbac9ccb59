"""A folder for a journal, spans to put into it, and other processes that use it too."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrace.records import SpanRecord

START = 1_764_000_000_000_000_000


def make_span(number: int = 1, **fields: Any) -> SpanRecord:  # noqa: ANN401 - any field of a span
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
def span() -> Callable[..., SpanRecord]:
    """Return the function that makes spans."""
    return make_span


Launch = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Return a function that starts a Python program with arguments; what still runs in the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", program, *map(str, arguments)]
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
    """Return a function that runs a Python program to its end, which must be a good one, and returns what it printed."""

    def finish(program: str, *arguments: object) -> str:
        process = launch(program, *arguments)
        printed, complained = process.communicate(timeout=60)
        assert (0, "") == (process.returncode, complained)
        return printed

    return finish
