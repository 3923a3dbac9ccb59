from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrace.testing import Memory, Spans

HERE = Path(__file__).parent
WORKER = ["-m", "celery", "-A", "queued", "worker", "--pool", "prefork", "--concurrency", "1", "--loglevel", "error"]
ALONE = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
ROW = "Celery prefork with retry"
ATTEMPT = "execute_tool deliver\n  POST /emails attempt={}"


def cell(column: str) -> pytest.MarkDecorator:
    """Return the mark of a cell of the table."""
    return pytest.mark.compatibility(table="context", row=ROW, column=column)


def attempts(depth: int) -> str:
    """Draw the three attempts of a task."""
    lines = "\n".join(ATTEMPT.format(number) for number in (1, 2, 3)).splitlines()
    return "\n".join("  " * depth + line for line in lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the queue and the journal are."""
    return tmp_path_factory.mktemp("celery")


@pytest.fixture(scope="module")
def worker(folder: Path, ended_later: Callable[[subprocess.Popen[str]], None]) -> Iterator[None]:
    """Have a worker take the messages: one process for all of them."""
    environment = {"ORCHESTRACE_JOURNAL": str(folder / "journal"), "QUEUE": str(folder / "queue")}
    celery = subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, *WORKER, *ALONE], cwd=HERE, env=os.environ | environment, stderr=subprocess.DEVNULL, text=True
    )
    yield
    ended_later(celery)


@pytest.fixture(scope="module")
def sent(folder: Path, worker: None, program: Any, spans_in: Callable[[Path], Any]) -> list[Any]:
    """Return the traces of two runs that sent a task, and of a task that nobody's run sent."""
    said = program("queued.py", journal=folder / "journal", QUEUE=str(folder / "queue"))

    assert "[3, 3, 3]\n" == said
    found: list[Any] = spans_in(folder / "journal")
    return found


class TestCelery:
    @cell("one trace, right parents")
    def test_every_attempt_stands_under_the_run_that_sent_the_task(self, sent: list[Any]) -> None:
        """A retry is sent by the worker, and goes on with the same run."""
        tree = f"invoke_agent Crafter\n  iteration 1\n{attempts(2)}"

        assert [tree, tree] == [Spans(Memory(spans)).tree("attempt") for spans in sent[:2]]

    @cell("identity on every span")
    def test_every_attempt_says_whose_it_is(self, sent: list[Any]) -> None:
        """Also the spans of another library in the worker."""
        names = ("orchestrace.key", "gen_ai.conversation.id", "session.id", "user.id", "orchestrace.tenant")
        for spans, job in zip(sent[:2], ["one", "two"], strict=True):
            below = [span.attributes for span in spans if not span.name.startswith(("invoke_agent", "iteration"))]

            assert [(*[job] * 5, "Crafter", True, 1)] * 6 == [
                (
                    *(found.get(name) for name in names),
                    found.get("gen_ai.agent.name"),
                    found.get("orchestrace.tag.trial"),
                    found.get("orchestrace.iteration.index"),
                )
                for found in below
            ]

    @cell("nothing left behind")
    def test_a_task_that_no_run_sent_belongs_to_none(self, sent: list[Any]) -> None:
        """The same worker process ran those of two runs before."""
        spans = [span for trace in sent[2:] for span in trace]

        assert attempts(0) == Spans(Memory(spans)).tree("attempt")
        assert [] == [span for span in spans if "orchestrace.tenant" in span.attributes]
