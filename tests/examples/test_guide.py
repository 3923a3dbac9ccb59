"""The programs of docs/guide.md, run as their readers would run them, against a server that plays the providers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrace.journal.reader import Reader
from orchestrace.records import SpanRecord
from orchestrace.span_tree import branches
from orchestrace.testing import Answer, Pause, ReplayServer, anthropic_message, openai_chat

GUIDE = Path(__file__).parents[2] / "examples" / "guide"
QUESTION = {"question": "Is it?", "session": "s1"}
OPENAI, ANTHROPIC = "/v1/chat/completions", "/v1/messages"


class Stage:
    """The providers, a journal, and the environment in which a program finds both."""

    def __init__(self, server: ReplayServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.environment = os.environ | {
            "ORCHESTRACE_JOURNAL": str(folder / "journal"),
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "OPENAI_API_KEY": "of-no-use",
            "ANTHROPIC_BASE_URL": server.url,
            "ANTHROPIC_API_KEY": "of-no-use",
            "BROKER": str(folder / "queue"),
        }

    def run(self, program: str, *arguments: str) -> str:
        """Run a program of the guide to its end; return what it printed."""
        done = subprocess.run(  # noqa: S603 - ours
            [sys.executable, program, *arguments],
            cwd=GUIDE, env=self.environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a program that goes on until it is ended."""
        return subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, *command], cwd=GUIDE, env=self.environment, stderr=subprocess.PIPE, text=True
        )

    def spans(self) -> list[SpanRecord]:
        """Return the spans of the one run in the journal."""
        reader = Reader(self.folder / "journal")
        (run,) = reader.runs()
        return reader.trace(run.trace_id)

    def ended(self) -> list[SpanRecord]:
        """Return the spans of the one run as soon as it has ended, in a program that goes on."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            runs = Reader(self.folder / "journal").runs()
            if runs and runs[0].ending not in {None, "running"}:
                return self.spans()
        pytest.fail("the run has not ended")

    def tree(self) -> list[str]:
        """Return the run as lines, indented by depth."""
        (root,) = branches(self.spans())
        return ["  " * depth + branch.span.name for depth, branch in root.walk()]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Set the stage."""
    with ReplayServer() as server:
        yield Stage(server, tmp_path)


@pytest.fixture
def unused_port() -> int:
    """Return a port that is free on this machine."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def patient() -> httpx.Client:
    """Return a client that tries again until the server is there."""
    return httpx.Client(transport=httpx.HTTPTransport(retries=7), timeout=30)


def values(spans: list[SpanRecord], name: str, key: str) -> list[Any]:
    """Return an attribute of all spans of a name, in the order in which they began."""
    found = [span for span in spans if span.name == name]
    return [span.attributes.get(key) for span in sorted(found, key=lambda span: span.start)]


class TestClassBased:
    def test_runs_under_the_name_of_the_subclass(self, stage: Stage) -> None:
        """Two iterations, of which the second greets; the base class's evaluator is inside of the subclass's."""
        stage.server.answer(openai_chat("We want you."), path=OPENAI)
        stage.server.answer(openai_chat("Hi, we want you."), path=OPENAI)

        assert "Hi, we want you.\n" == stage.run("class_based.py", "data engineer")
        assert [
            "invoke_agent PoliteCrafter",
            "  iteration 1",
            "    generate draft",
            "      chat gpt-4o",
            "  iteration 2",
            "    generate draft",
            "      chat gpt-4o",
            "    evaluate length",
        ] == [line for line in stage.tree() if line != "    evaluate judge"]
        (run,) = [span for span in stage.spans() if span.name.startswith("invoke_agent")]
        assert run.attributes["orchestrace.accepted"] is True
        assert run.attributes["orchestrace.key"] == "data engineer"
        assert '"model":"gpt-4o"' in str(run.attributes["orchestrace.agent.config"])


class TestVoting:
    def test_the_majority_decides(self, stage: Stage) -> None:
        """Two of three are content: one iteration, accepted, three judges below the jury, each with its own call."""
        stage.server.answer(openai_chat("Our new office has a garden."), path=OPENAI)
        for score in (0.9, 0.8, 0.1):
            stage.server.answer(anthropic_message(f'{{"score": {score}, "why": "so"}}'), path=ANTHROPIC)

        assert "garden" in stage.run("voting.py", "our new office")
        tree = stage.tree()
        spans = stage.spans()
        assert ["invoke_agent Poster", "  iteration 1", "    generate draft"] == tree[:3]
        assert 3 == tree.count("      evaluate judge") == tree.count("        anthropic.messages.create")
        assert [True] == values(spans, "evaluate jury", "orchestrace.evaluation.passed")
        assert [True] == values(spans, "invoke_agent Poster", "orchestrace.accepted")
        assert [4] == values(spans, "invoke_agent Poster", "orchestrace.usage.calls")


class TestGraph:
    def test_the_loop_of_a_graph_is_counted(self, stage: Stage) -> None:
        """The second draft is iteration 2, although nobody said so."""
        stage.server.answer(openai_chat("It is a long story, " * 5), path=OPENAI)
        stage.server.answer(openai_chat("The button does nothing."), path=OPENAI)

        assert "The button does nothing.\n" == stage.run("graph.py", "a bug report")
        spans = stage.spans()
        assert [1, 2] == values(spans, "generate write", "orchestrace.iteration.index")
        assert [False, True] == values(spans, "evaluate brevity", "orchestrace.evaluation.passed")
        assert [2] == values(spans, "invoke_agent Summariser", "orchestrace.iterations")
        assert ["accepted"] == values(spans, "invoke_agent Summariser", "orchestrace.stop_reason")


class TestStreamingEndpoint:
    @pytest.fixture
    def address(self, stage: Stage, unused_port: int) -> Iterator[str]:
        """Serve the endpoint, and give its address."""
        server = stage.start("streaming_endpoint.py", str(unused_port))
        try:
            yield f"http://127.0.0.1:{unused_port}/answer"
        finally:
            server.terminate()
            server.communicate(timeout=20)

    def test_a_whole_answer(self, stage: Stage, address: str) -> None:
        """What was streamed is the agent's output, in the session that asked."""
        stage.server.answer(openai_chat(["Yes, ", "it is."], stream=True), path=OPENAI)

        with patient() as client:
            assert "Yes, it is." == client.get(address, params=QUESTION).text
        spans = stage.ended()
        assert ["Yes, it is."] == values(spans, "invoke_agent Answerer", "output.value")
        assert ["s1"] == values(spans, "chat gpt-4o", "gen_ai.conversation.id")

    def test_a_client_that_leaves(self, stage: Stage, address: str) -> None:
        """The run is cancelled while the model would still go on, and what was said so far stands on it."""
        over = threading.Event()
        opening, word, *rest = openai_chat(["Well, ", "let me see."], stream=True).pieces or []
        stage.server.answer(Answer(pieces=[opening, word, Pause(60, until=over), *rest]), path=OPENAI)
        try:
            with patient() as client, client.stream("GET", address, params=QUESTION) as answer:
                next(answer.iter_text())
            spans = stage.ended()
        finally:
            over.set()

        assert ["cancelled"] == values(spans, "invoke_agent Answerer", "orchestrace.ending")
        assert ["Well, "] == values(spans, "invoke_agent Answerer", "output.value")


class TestCeleryTask:
    @pytest.fixture
    def worker(self, stage: Stage, ended_later: Callable[[subprocess.Popen[str]], None]) -> Iterator[None]:
        """Run a worker with one process."""
        options = [
            "--pool",
            "prefork",
            "--concurrency",
            "1",
            "--without-gossip",
            "--without-mingle",
            "--loglevel",
            "error",
        ]
        worker = stage.start("-m", "celery", "-A", "celery_task", "worker", *options)
        yield
        ended_later(worker)

    @pytest.mark.usefixtures("worker")
    def test_one_trace_through_a_queue_and_a_retry(self, stage: Stage) -> None:
        """The provider is busy once, so the task runs twice: two drafts of one run, made in another process."""
        stage.server.answer(Answer(status=503, body={"error": {"message": "busy"}}), path=OPENAI)
        stage.server.answer(openai_chat("Hi!"), path=OPENAI)

        assert "Hi!\n" == stage.run("celery_task.py", "data engineer")
        assert [
            "invoke_agent Crafter",
            "  generate draft",
            "    chat gpt-4o",
            "  generate draft",
            "    chat gpt-4o",
        ] == stage.tree()
        assert ["error", "returned"] == values(stage.spans(), "generate draft", "orchestrace.ending")
        assert ["data engineer"] * 2 == values(stage.spans(), "chat gpt-4o", "orchestrace.key")
