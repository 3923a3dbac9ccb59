from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from orchestrace.cli.application import application

if TYPE_CHECKING:
    from tests.backends.conftest import Jaeger, ProgramRun, ToldStory

pytestmark = pytest.mark.backends


UNFINISHED = """
import sys
import orchestrace

orchestrace.configure(service_name="unfinished")

@orchestrace.tool
def step():
    return 1

@orchestrace.agent(name="Walker", key="job")
def walk(job):
    step()
    print(orchestrace.reference().partition("-")[0], flush=True)
    sys.stdin.readline()

walk("job-9")
"""


def run(*arguments: str) -> str:
    """Return what a command prints."""
    done = CliRunner().invoke(application, list(arguments), env={"COLUMNS": "120"}, catch_exceptions=False)
    assert 0 == done.exit_code, done.output
    return done.stdout


@pytest.fixture
def program_run(tell: Callable[..., ToldStory], protocol: str) -> ProgramRun:
    """Return a run that is in Jaeger."""
    return tell("accepted", protocol).run


@pytest.fixture
def told(program_run: ProgramRun) -> str:
    """Return the story as the machine where the program ran tells it."""
    return run("show", program_run.trace_id, "--journal", str(program_run.journal))


class TestStory:
    def test_is_the_same_from_jaeger(self, jaeger: Jaeger, program_run: ProgramRun, told: str) -> None:
        """By the trace's address in its page, by its id, and by the run's reference."""
        ways = [
            ["--from", f"{jaeger.url}/trace/{program_run.trace_id}?uiFind=tone"],
            [program_run.trace_id, "--from", jaeger.url],
            [program_run.reference, "--from", f"{jaeger.url}/search?service=sourcing"],
        ]

        assert [told] * 3 == [run("show", *way) for way in ways]

    def test_is_found_by_what_it_is_about(self, jaeger: Jaeger) -> None:
        """The newest run that has the key; Chinese or not."""
        found = run("show", "key=job-417/上海", "--from", jaeger.url, "--service", "sourcing")

        assert ["job-417/上海"] == [line.split()[-1] for line in found.splitlines() if line.split()[1:2] == ["key"]]

    @pytest.mark.parametrize("path", ["api/v3/traces", "api/traces"])
    def test_is_the_same_from_a_file(
        self, jaeger: Jaeger, program_run: ProgramRun, told: str, tmp_path: Path, path: str
    ) -> None:
        """In OTLP's form, and as its page saves it, which knows microseconds."""
        file = tmp_path / "trace.json"
        file.write_text(jaeger.get(f"/{path}/{program_run.trace_id}").text, encoding="utf-8")

        assert told == run("show", "--from", str(file))

    def test_is_listed(self, jaeger: Jaeger, program_run: ProgramRun) -> None:
        """As it is by the journal."""
        listed = json.loads(run("list", "--from", jaeger.url, "--service", "sourcing", "--json"))
        (here,) = json.loads(run("list", "--journal", str(program_run.journal), "--json"))
        (there,) = [one for one in listed if one["trace_id"] == program_run.trace_id]
        exact = {name: value for name, value in here.items() if name not in ("start", "end")}

        assert exact == {name: there[name] for name in exact}

    def test_is_a_page(self, jaeger: Jaeger, program_run: ProgramRun) -> None:
        """With the drafts in it."""
        page = run("show", program_run.trace_id, "--from", jaeger.url, "--html", "-")

        assert "亲切又简短 👍" in page


class TestUnfinished:
    def test_a_run_that_is_not_over_is_shown_as_running(self, jaeger: Jaeger, tmp_path: Path) -> None:
        """By what it was begun with, and with what has come of it; Jaeger has a marker of it, and no span."""
        ours = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{jaeger.otlp}", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
        where = os.environ | ours | {"ORCHESTRACE_JOURNAL": str(tmp_path)}
        command, pipe = [sys.executable, "-c", UNFINISHED], subprocess.PIPE
        with subprocess.Popen(command, env=where, stdin=pipe, stdout=pipe, text=True) as walking:  # noqa: S603 - ours
            assert walking.stdin is not None
            assert walking.stdout is not None
            jaeger.wait_for(walking.stdout.readline().strip(), 2)
            found = run("show", "key=job-9", "--from", jaeger.url, "--service", "unfinished").splitlines()
            walking.stdin.close()

        assert ["invoke_agent Walker", "running"] == found[0].split("  ")[:2]
        assert any(line.startswith("└─ execute_tool step") for line in found)
        assert not any("started invoke_agent" in line for line in found)


class TestErrors:
    def test_a_trace_that_is_not_there(self, jaeger: Jaeger) -> None:
        """It says so, and that the Jaeger is one."""
        done = CliRunner().invoke(application, ["show", "ab" * 16, "--from", jaeger.url])

        assert f"There is no trace {'ab' * 16} in the Jaeger at {jaeger.url}" in str(done.exception)
