"""A program without a line about us, and an agents file, under `opentelemetry-instrument`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrace.journal.reader import Reader
from orchestrace.records import SpanRecord
from orchestrace.span_tree import branches
from orchestrace.testing import ReplayServer, ToolCall, anthropic_message, openai_chat

EXAMPLE = Path(__file__).parents[2] / "examples" / "agents_file"
DECORATORS = {
    "def search_profiles(": "@orchestrace.tool",
    "    def run(": '    @orchestrace.agent(version="1.4", config="self.settings", key="job.id")',
    "    def draft(": '    @orchestrace.generator(name="draft", prompt=DRAFT)',
    "    def evaluate(": '    @orchestrace.evaluator(name="tone", version="2", '
    'read={"score": "rating", "passed": "ok", "feedback": "notes"})',
}
PROMPT = """
import orchestrace
DRAFT = orchestrace.Prompt(
    "sourcing/draft", "Write to {candidate.name} about {job.title}. {known} {feedback}", version="3"
)
"""
TREE = """\
invoke_agent SourcingEmailCrafterAgent
  chat gpt-4o
  execute_tool search_profiles
  generate draft
    chat gpt-4o
  evaluate tone
    chat claude-sonnet-5
  generate draft
    chat gpt-4o
  evaluate tone
    chat claude-sonnet-5"""
SMALL = {
    "shop.py": "class Crafter:\n    def run(self, job):\n        return job\n",
    "ask.py": "import shop; print(hasattr(shop.Crafter.run, '__wrapped__'))\n",
    "small.yaml": "agents:\n- {target: 'shop:Crafter.run', role: agent}\n",
}
"""A program that asks nobody: it starts in a fifth of the time."""
UNDER = str(Path(sys.executable).parent / "opentelemetry-instrument")
TIMES = {"gen_ai.response.time_to_first_chunk", "orchestrace.usage.duration"}


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    """Play the providers."""
    with ReplayServer() as server:
        yield server


def prepare(server: ReplayServer) -> None:
    """Queue the answers of one run, whose first draft is not good enough."""
    openai, anthropic = "/v1/chat/completions", "/v1/messages"
    search = ToolCall("search_profiles", {"name": "Ada Nakamura"})
    server.answer(openai_chat(None, tool_calls=[search], usage=(96, 18)), path=openai)
    for draft, score in (("Dear Ms. Nakamura, we hereby …", 0.4), ("Hi Ada, coffee next week?", 0.9)):
        server.answer(openai_chat(draft, stream=True, usage=(212, 31)), path=openai)
        judged = f'{{"score": {score}, "feedback": "about {score}"}}'
        server.answer(anthropic_message(judged, usage=(140, 22)), path=anthropic)


class Program:
    """The program of the example, in a folder of its own."""

    def __init__(self, folder: Path, server: ReplayServer) -> None:
        self.folder = folder
        self.server = server
        for path in EXAMPLE.iterdir():
            if path.is_file():
                (folder / path.name).write_bytes(path.read_bytes())

    def decorate(self) -> None:
        """Have the program itself say what the file says."""
        path = self.folder / "sourcing.py"
        text = path.read_text(encoding="utf-8").replace("\nSEARCH_PROFILES", f"{PROMPT}\nSEARCH_PROFILES")
        for line, decorator in DECORATORS.items():
            assert 1 == text.count(f"\n{line}")
            text = text.replace(f"\n{line}", f"\n{decorator}\n{line}")
        path.write_text(text, encoding="utf-8")

    def run(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run it with the answers of one run; it ends well."""
        prepare(self.server)
        return self.start("app.py", **variables)

    def run_small(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program that asks nobody; it says whether its agent is followed."""
        for name, text in SMALL.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        return self.start("ask.py", **variables)

    def start(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Start a script of the folder; it ends well."""
        done = subprocess.run(  # noqa: S603 - our own words
            [UNDER, sys.executable, script],
            cwd=self.folder,
            env={
                "PATH": "",
                "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
                "ORCHESTRACE_JOURNAL": str(self.folder / "journal"),
                "OTEL_PYTHON_DISTRO": "orchestrace",
                "OTEL_PYTHON_CONFIGURATOR": "orchestrace",
                "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "openai,anthropic",
                "OTEL_METRICS_EXPORTER": "none",
                "OPENAI_BASE_URL": f"{self.server.url}/v1",
                "OPENAI_API_KEY": "of-no-use",
                "ANTHROPIC_BASE_URL": self.server.url,
                "ANTHROPIC_API_KEY": "of-no-use",
                **variables,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert 0 == done.returncode, done.stderr
        return done

    @property
    def spans(self) -> list[SpanRecord]:
        """The spans of the last run."""
        return Reader(self.folder / "journal").trace("last")


@dataclass(frozen=True)
class Told:
    """What a run has printed, and what was recorded of it."""

    done: subprocess.CompletedProcess[str]
    spans: list[SpanRecord]


@pytest.fixture
def program(tmp_path: Path, server: ReplayServer) -> Program:
    """Return the program."""
    return Program(tmp_path, server)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Told, Told]:
    """Return what came of the program and its file, and of the decorated program, each run once."""
    with ReplayServer() as server:
        program = Program(tmp_path_factory.mktemp("runs"), server)
        declared = Told(program.run(ORCHESTRACE_AGENTS="agents.yaml"), program.spans)
        program.decorate()
        return declared, Told(program.run(), program.spans)


def drawn(spans: list[SpanRecord]) -> str:
    """Return the tree of names; the span that is Anthropic's own is called as ours would be."""
    lines = [f"{'  ' * depth}{one.span.name}" for top in branches(spans) for depth, one in top.walk()]
    return "\n".join(lines).replace("anthropic.messages.create", "chat claude-sonnet-5")


def said(spans: list[SpanRecord]) -> list[Any]:
    """Return all that spans say, in the order of the tree, without ids and times."""
    return [
        (
            depth,
            one.span.name,
            one.span.kind,
            one.span.status,
            {name: value for name, value in one.span.attributes.items() if name not in TIMES},
            [event.name for event in one.span.events],
        )
        for top in branches(spans)
        for depth, one in top.walk()
    ]


class TestAgentsFile:
    def test_gives_the_tree_of_the_decorated_program(self, runs: tuple[Told, Told]) -> None:
        """Span for span and attribute for attribute, for the same program with and without decorators."""
        declared, decorated = runs

        assert ("Hi Ada, coffee next week?\n", TREE) == (declared.done.stdout, drawn(declared.spans))
        assert declared.spans[0].trace_id != decorated.spans[0].trace_id
        for one, other in zip(said(decorated.spans), said(declared.spans), strict=True):
            assert one == other
        assert "orchestrace:" not in declared.done.stderr

    def test_what_is_decorated_too_is_one_span(self, program: Program) -> None:
        """And the decorators' words hold."""
        program.decorate()
        program.run(ORCHESTRACE_AGENTS="agents.yaml")

        assert TREE == drawn(program.spans)

    def test_inferred_iterations_apply(self, runs: tuple[Told, Told]) -> None:
        """A loop that nobody names is told by its drafts and verdicts."""
        declared, _ = runs
        drafts = [span.attributes for span in declared.spans if span.name == "generate draft"]
        [agent] = [span.attributes for span in declared.spans if span.name.startswith("invoke_agent")]

        assert [1, 2] == [one["orchestrace.iteration.index"] for one in drafts]
        assert (2, True, "accepted", "job-417") == (
            agent["orchestrace.iterations"],
            agent["orchestrace.accepted"],
            agent["orchestrace.stop_reason"],
            agent["orchestrace.key"],
        )

    def test_a_broken_file_is_said_in_one_line(self, program: Program) -> None:
        """The program runs, and its model calls are recorded; nobody is told twice."""
        (program.folder / "agents.yaml").write_text("agents:\n- {target: a:b, role: agnt, x: 1}\n- {}\n")
        done = program.run(ORCHESTRACE_AGENTS="agents.yaml")
        [line] = [line for line in done.stderr.splitlines() if "orchestrace:" in line]

        assert "agents.yaml:2: agents[0].role is 'agnt'. Did you mean 'agent'?" in line
        assert "more: see `orchestrace doctor`) Nothing that ORCHESTRACE_AGENTS names is recorded; all else is." in line
        assert "chat claude-sonnet-5" == drawn(program.spans)

    @pytest.mark.parametrize("distro", ["orchestrace", "distro"])
    def test_whichever_distro_wins(self, program: Program, distro: str) -> None:
        """The file is applied where we are an ordinary instrumentation, too."""
        done = program.run_small(
            ORCHESTRACE_AGENTS="small.yaml",
            OTEL_PYTHON_DISTRO=distro,
            OTEL_PYTHON_CONFIGURATOR="orchestrace" if distro == "orchestrace" else "configurator",
            OTEL_TRACES_EXPORTER="none",
            OTEL_LOGS_EXPORTER="none",
        )

        assert "True\n" == done.stdout

    def test_everything_switched_off(self, program: Program) -> None:
        """Not even the file is looked at."""
        done = program.run_small(ORCHESTRACE_AGENTS="missing.yaml", ORCHESTRACE_DISABLED="true")

        assert "False\n" == done.stdout
        assert "missing.yaml" not in done.stderr
        assert not (program.folder / "journal").exists()
