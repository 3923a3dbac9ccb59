"""A process is configured once: each case here is a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestrace.journal.reader import Reader

HEAD = """
import json
import orchestrace

@orchestrace.agent(name="A")
def craft(job):
    return job

def say(**what):
    print(json.dumps(what, default=str))
"""


def execute(program: str, journal: Path, **variables: str) -> tuple[Any, str]:
    """Run a program; return what it says, and what it logged."""
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", HEAD + program],
        env={"ORCHESTRACE_JOURNAL": str(journal), "PATH": "", "PYTHONPATH": os.pathsep.join(sys.path), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


class TestConfigure:
    def test_a_second_time_with_the_same_arguments_changes_nothing(self, tmp_path: Path) -> None:
        """A notebook runs its first cell again."""
        said, log = execute(
            'orchestrace.configure(service_name="s"); orchestrace.configure(service_name="s"); craft("x")\n'
            "orchestrace.flush(); say(done=True)",
            tmp_path,
        )

        assert ({"done": True}, "") == (said, log)
        assert 1 == len(Reader(tmp_path).runs())

    def test_a_second_time_with_others_is_an_error(self, tmp_path: Path) -> None:
        """It says what to do."""
        said, _ = execute(
            'orchestrace.configure(service_name="s")\n'
            'try: orchestrace.configure(service_name="t")\n'
            "except orchestrace.exceptions.ConfigurationError as error: say(error=error)",
            tmp_path,
        )

        assert "shutdown() in between" in said["error"]

    def test_unknown_arguments_are_errors(self, tmp_path: Path) -> None:
        """A misspelt setting does not pass in silence: as Python's own error and as ours, with what may be meant."""
        said, _ = execute(
            "found = []\n"
            "for kind in (TypeError, orchestrace.exceptions.ConfigurationError):\n"
            "    try: orchestrace.configure(endpiont='x')\n"
            "    except kind as error: found.append(str(error))\n"
            "import inspect; say(errors=found, signature=str(inspect.signature(orchestrace.configure)))",
            tmp_path,
        )

        assert 2 == len(said["errors"])
        assert "no setting 'endpiont'. Did you mean 'endpoint'? It has: service_name, endpoint," in said["errors"][0]
        assert "endpoint: 'str | None' = None" in said["signature"]

    def test_services_of_ours_are_told_until_shutdown(self, tmp_path: Path) -> None:
        """By argument, else by the variable; a provider of models is an error before anything is set up."""
        asked = "from orchestrace.taps.recipients import is_told as told\n"
        said, log = execute(
            asked + 'try: orchestrace.configure(propagate_to=["api.openai.com"])\n'
            "except orchestrace.exceptions.ConfigurationError as error: words = str(error)\n"
            'before = orchestrace.status().configured, told("crm", 80)\n'
            'orchestrace.configure(); named = told("crm", 80), told("erp", 80); orchestrace.shutdown()\n'
            'orchestrace.configure(propagate_to=["erp"]); given = told("crm", 80), told("erp", 80)\n'
            'orchestrace.shutdown(); say(words=words, found=[before, named, given, told("erp", 80)])',
            tmp_path,
            ORCHESTRACE_PROPAGATE_TO="crm",
        )

        assert "" == log
        assert "a provider of models" in said["words"]
        assert [[False, False], [True, False], [False, True], False] == said["found"]

    @pytest.mark.parametrize("instrument", [True, False])
    def test_agents_are_named_by_an_argument_or_by_the_variable(self, tmp_path: Path, *, instrument: bool) -> None:
        """Whether or not HTTP clients are tapped; `shutdown()` leaves everything as it was."""
        (tmp_path / "shop.py").write_text("def craft(job): return job")
        file = tmp_path / "agents.yaml"
        file.write_text("agents: [{target: 'shop:craft', role: agent}]")
        program = (
            f"import sys; sys.path.append({str(tmp_path)!r}); import shop; before = shop.craft\n"
            f"orchestrace.configure(instrument={instrument}, {{}}); shop.craft('x'); orchestrace.shutdown()\n"
            "say(same=before is shop.craft)"
        )
        for number, (argument, variables) in enumerate(
            [
                (f"agents={str(file)!r}", {}),
                ("agents={'agents': [{'target': 'shop:craft', 'role': 'agent'}]}", {}),
                ("", {"ORCHESTRACE_AGENTS": str(file)}),
                (f"agents={str(file)!r}", {"ORCHESTRACE_AGENTS": "missing.yaml"}),
            ]
        ):
            journal = tmp_path / str(number)
            said, log = execute(program.format(argument), journal, **variables)

            assert ({"same": True}, "") == (said, log)
            assert ["invoke_agent craft"] == [span.name for span in Reader(journal).trace("last")]

    def test_a_broken_agents_file_is_an_error_before_anything_is_set_up(self, tmp_path: Path) -> None:
        """With its line; what was in force stays in force."""
        file = tmp_path / "agents.yaml"
        file.write_text("agents:\n- target: a:b\n  role: agnt\n")
        said, _ = execute(
            "try: orchestrace.configure()\n"
            "except orchestrace.exceptions.ConfigurationError as error:\n"
            "    say(error=error, configured=orchestrace.status().configured)",
            tmp_path / "journal",
            ORCHESTRACE_AGENTS=str(file),
        )

        assert said["error"].startswith(f"{file}:3: agents[0].role is 'agnt'. Did you mean 'agent'?")
        assert False is said["configured"]

    def test_decorated_but_not_configured_is_said_once(self, tmp_path: Path) -> None:
        """The program runs, and one line says that nothing is recorded."""
        said, log = execute('craft(1); craft(2); say(result=craft("x"))', tmp_path)

        assert {"result": "x"} == said
        assert 1 == log.count("Call orchestrace.configure()") == len(log.splitlines())

    def test_variables_switch_everything_off(self, tmp_path: Path) -> None:
        """No provider, no journal, no patch, no word."""
        for variable in ("ORCHESTRACE_DISABLED", "OTEL_SDK_DISABLED"):
            said, log = execute(
                'import httpx2; before = httpx2.Client.send; orchestrace.configure(); craft("x")\n'
                "say(configured=orchestrace.status().configured, same=before is httpx2.Client.send)",
                tmp_path / "journal",
                **{variable: "True"},
            )

            assert ({"configured": False, "same": True}, "") == (said, log)
            assert not (tmp_path / "journal").exists()

    def test_content_can_be_left_out(self, tmp_path: Path) -> None:
        """By argument or by OpenTelemetry's own variable; the argument goes before the variable."""
        variable = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
        program = (
            'orchestrace.configure({}); craft("words"); orchestrace.flush(); say(level=orchestrace.status().content)'
        )
        cases = [
            ('content="off"', {}, "off"),
            ("", {variable: "NO_CONTENT"}, "off"),
            ("", {variable: "false"}, "off"),
            ('content="full"', {variable: "false"}, "full"),
            ("", {}, "full"),
        ]
        for number, (argument, variables, level) in enumerate(cases):
            journal = tmp_path / str(number)
            said, _ = execute(program.format(argument), journal, **variables)
            [span] = Reader(journal).trace("last")

            assert {"level": level} == said
            assert (level == "full") == ("output.value" in span.attributes)


class TestShutdown:
    def test_it_stops_and_can_begin_again(self, tmp_path: Path) -> None:
        """What ran in between is not recorded; patches are gone and come back."""
        execute(
            f'orchestrace.configure(journal="{tmp_path}/one"); craft("a"); orchestrace.shutdown(); craft("b")\n'
            f'orchestrace.configure(journal="{tmp_path}/two"); craft("c"); orchestrace.shutdown(); say(done=True)',
            tmp_path,
        )

        assert ["a"] == [span.attributes["output.value"] for span in Reader(tmp_path / "one").trace("last")]
        assert ["c"] == [span.attributes["output.value"] for span in Reader(tmp_path / "two").trace("last")]
        assert [1, 1] == [len(Reader(tmp_path / folder).runs()) for folder in ("one", "two")]


class TestStatus:
    def test_it_says_what_is_in_force(self, tmp_path: Path) -> None:
        """Where the journal is, what is tapped, and that nothing of ours has failed."""
        said, _ = execute(
            "import httpx2; orchestrace.configure(); now = orchestrace.status()\n"
            "say(journal=now.journal, tapped=now.instrumented, faults=now.faults, configured=now.configured)",
            tmp_path,
        )

        assert {"journal": str(tmp_path), "tapped": ["httpx2"], "faults": {}, "configured": True} == said


class TestExit:
    def test_nothing_is_lost_when_the_program_just_ends(self, tmp_path: Path) -> None:
        """No flush, no shutdown, an uncaught exception: the journal has the run."""
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", HEAD + 'orchestrace.configure(); craft("x"); raise SystemExit(3)'],
            env={"ORCHESTRACE_JOURNAL": str(tmp_path), "PATH": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert (3, "") == (done.returncode, done.stderr)
        assert ["x"] == [span.attributes["output.value"] for span in Reader(tmp_path).trace("last")]

    def test_what_was_dropped_and_not_collected_was_left(self, tmp_path: Path) -> None:
        """OpenAI's streams are in a ring of references: one that nobody has any more is not interrupted."""
        execute(
            "orchestrace.configure()\n"
            "@orchestrace.agent(name='G')\n"
            "def items():\n    yield 1\n"
            "class Ring: pass\n"
            "def leave():\n    ring = Ring(); ring.me = ring; ring.items = items(); next(ring.items)\n"
            "leave(); say(done=True)",
            tmp_path,
        )
        [span] = Reader(tmp_path).trace("last")

        assert "abandoned" == span.attributes["orchestrace.ending"]

    def test_a_call_that_was_open_comes_back_as_interrupted(self, tmp_path: Path) -> None:
        """A generator that is held when the interpreter leaves has not ended by itself."""
        execute(
            "orchestrace.configure()\n"
            "@orchestrace.agent(name='G')\n"
            "def items():\n    yield 1\n"
            "held = items(); next(held); say(done=True)\n"
            "import atexit; atexit.register(lambda: held)",
            tmp_path,
        )
        [span] = Reader(tmp_path).trace("last")

        assert "interrupted" == span.attributes["orchestrace.ending"]
        assert "[1]" == span.attributes["output.value"]
