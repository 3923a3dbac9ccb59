"""What a program left in its journal, by the way it went."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrace.journal.reader import Reader
from orchestrace.records import SpanRecord
from orchestrace.testing import Memory, Spans

HERE = Path(__file__).parent

IDENTITY = (
    "gen_ai.agent.name",
    "orchestrace.key",
    "gen_ai.conversation.id",
    "session.id",
    "user.id",
    "orchestrace.tenant",
    "orchestrace.experiment.tone",
    "orchestrace.experiment.size",
    "orchestrace.tag.trial",
    "orchestrace.iteration.index",
)
"""What stands on every span below an iteration."""


@dataclass
class Way:
    """What was recorded of one way: the traces of its runs, by tenant, and the spans of a session, and of none."""

    name: str
    runs: dict[str, list[SpanRecord]] = field(default_factory=dict)
    alone: list[SpanRecord] = field(default_factory=list)
    nobody: list[SpanRecord] = field(default_factory=list)

    def tree(self, tenant: str) -> str:
        """Draw the trace of a run; what was repeated in it, once."""
        lines = Spans(Memory(self.runs[tenant])).tree().replace(self.name, "…").splitlines()
        return "\n".join(dict.fromkeys(lines))

    def identities(self, tenant: str) -> list[dict[str, object]]:
        """Return what the spans below the iteration say of the run."""
        below = [span for span in self.runs[tenant] if not span.name.startswith(("invoke_agent", "iteration"))]
        return [{name: span.attributes.get(name) for name in IDENTITY} for span in below]

    def expected(self, tenant: str) -> dict[str, object]:
        """Return what they have to say."""
        return dict(zip(IDENTITY, [self.name, *[tenant] * 7, True, 1], strict=True))


def run(*arguments: str, journal: Path, **environment: str) -> str:
    """Run a program of this folder; return what it printed."""
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, *arguments],
        cwd=HERE,
        env=os.environ | {"ORCHESTRACE_JOURNAL": str(journal)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr), done.stderr
    return done.stdout


def traces(journal: Path) -> list[list[SpanRecord]]:
    """Return all that a journal holds, by trace."""
    reader = Reader(journal)
    with reader.open() as database:
        assert database is not None
        found = [trace for (trace,) in database.execute("SELECT trace_id FROM traces ORDER BY start_time")]
    return [reader.trace(trace) for trace in found]


def ways(journal: Path) -> dict[str, Way]:
    """Return what went which way."""
    gone: dict[str, Way] = {}
    for spans in traces(journal):
        agents = [span for span in spans if span.name.startswith("invoke_agent")]
        for name in {str(span.attributes.get("way") or span.attributes.get("gen_ai.request.model")) for span in spans}:
            gone.setdefault(name, Way(name))
        if agents:
            name, tenant = (str(agents[0].attributes[key]) for key in ("gen_ai.agent.name", "orchestrace.tenant"))
            gone.setdefault(name, Way(name)).runs[tenant] = spans
        else:
            way = gone[str(spans[0].attributes.get("way") or spans[0].attributes["gen_ai.request.model"])]
            (way.alone if "session.id" in spans[0].attributes else way.nobody).extend(spans)
    return gone


@pytest.fixture(scope="session")
def program() -> Callable[..., str]:
    """Return what runs a program of this folder."""
    return run


@pytest.fixture(scope="session")
def spans_in() -> Callable[[Path], list[list[SpanRecord]]]:
    """Return what reads a journal."""
    return traces


@pytest.fixture(scope="session")
def gone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[str]], dict[str, Way]]:
    """Return what goes a list of ways, in one program and once; it returns what was recorded of each."""
    known: dict[tuple[str, ...], dict[str, Way]] = {}

    def go(names: list[str]) -> dict[str, Way]:
        if tuple(names) not in known:
            journal = tmp_path_factory.mktemp("journal")
            run("program.py", *names, journal=journal)
            known[tuple(names)] = ways(journal)
        return known[tuple(names)]

    return go
