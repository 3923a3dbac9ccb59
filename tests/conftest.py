"""How the tests run: alike on every machine; and what some of them say beside passing, as tables of the docs."""

from __future__ import annotations

import gc
import os
import subprocess
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# No deadline, no complaint: a busy machine is no bug. In CI the examples are the same each time, so that a change is
# judged by what it changes; everywhere else they are new, and find what nobody thought of.
_SLOW = [HealthCheck.too_slow]
settings.register_profile("here", deadline=None, suppress_health_check=_SLOW)
settings.register_profile("ci", deadline=None, suppress_health_check=_SLOW, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

_PATIENCE = 10.0
_TITLES = {
    "guests": "Other instrumentations of the same SDKs",
    "living": "Programs that have OpenTelemetry already",
    "context": "Threads, tasks, processes and queues",
    "streams": "Streams that leave the agent",
}
_HEAD = """\
# What it was seen to get along with

Made by `make compatibility` from the tests that carry the marker `compatibility`: a cell is what came of one or more of
them in that run. **yes**: all passed; *not run*: skipped there. What stands in no table was not tried.
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the file that the tables are written to."""
    parser.addoption("--compatibility", metavar="FILE", help="write the tables of docs/compatibility.md to FILE")


def pytest_configure(config: pytest.Config) -> None:
    """Write the tables from the process that sees all reports."""
    target = config.getoption("--compatibility")
    if target and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Compatibility(Path(target)))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """
    Have the garbage collector look at what tests make, and at nothing else.

    All that was imported and collected stays until the end: to look at it takes half a second, each time that a test
    asks for a collection.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the reports say which cell they belong to: a marker stays in the process of its test."""
    for item in items:
        for mark in item.iter_markers("compatibility"):
            item.user_properties.append(("compatibility", [mark.kwargs[key] for key in ("table", "row", "column")]))


class Compatibility:
    """The tables, of the reports that came so far."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.outcomes: dict[tuple[str, str, str], set[str]] = defaultdict(set)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of how one phase of a test went."""
        if report.when == "call" or report.outcome != "passed":
            for name, cell in report.user_properties:
                if name == "compatibility":
                    self.outcomes[tuple(cell)].add(report.outcome)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """List the cells, where nothing is run."""
        if session.config.getoption("collectonly"):
            for item in session.items:
                for cell in (value for name, value in item.user_properties if name == "compatibility"):
                    self.outcomes[tuple(cell)].add("collected")

    def pytest_sessionfinish(self) -> None:
        """Write them."""
        tables = sorted({table for table, _, _ in self.outcomes}, key=[*_TITLES].index)
        self.target.write_text(_HEAD + "".join(self._table(table) for table in tables), encoding="utf-8")

    def _table(self, table: str) -> str:
        cells = {(row, column): said for (name, row, column), said in self.outcomes.items() if name == table}
        rows, columns = (sorted({cell[axis] for cell in cells}) for axis in (0, 1))
        lines = [f"\n## {_TITLES[table]}\n", _line(["", *columns]), _line(["---"] * (len(columns) + 1))]
        lines += [_line([row, *(_word(cells.get((row, column))) for column in columns)]) for row in rows]
        return "\n".join(lines) + "\n"


def _line(cells: list[Any]) -> str:
    return "| " + " | ".join(cells) + " |"


def _word(outcomes: set[str] | None) -> str:
    if outcomes is None:
        return ""
    return "**no**" if "failed" in outcomes else "**yes**" if "passed" in outcomes else "*not run*"


@pytest.fixture(scope="module")
def little_to_collect() -> None:
    """Leave out, too, what earlier modules have left: of a module whose tests ask for collections again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def ended_later() -> Iterator[Callable[[subprocess.Popen[str]], None]]:
    """Return how to end a program that takes seconds to leave: it is told at once, and waited for after all tests."""
    told: list[subprocess.Popen[str]] = []

    def end(process: subprocess.Popen[str]) -> None:
        process.terminate()
        told.append(process)

    yield end
    for process in told:
        process.communicate(timeout=30)


@pytest.fixture(scope="session")
def serving() -> Callable[[Any], AbstractContextManager[str]]:
    """Return how to serve a web application on this machine, over real connections; a block gets its URL."""
    import uvicorn  # noqa: PLC0415 - wanted by few

    class Server(uvicorn.Server):
        """Says when it listens."""

        def __init__(self, app: Any) -> None:
            super().__init__(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
            self.listens = threading.Event()

        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            self.listens.set()

    @contextmanager
    def serve(app: Any) -> Iterator[str]:
        server = Server(app)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            assert server.listens.wait(_PATIENCE)
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(_PATIENCE)

    return serve
