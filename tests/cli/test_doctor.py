from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestrace.cli.application import application
from orchestrace.testing import OtlpReceiver, ReplayServer, openai_chat


def run(folder: Path, *arguments: str) -> Result:
    """Run the command on a journal that is not there yet."""
    return CliRunner().invoke(application, ["doctor", "--journal", str(folder / "journal"), *arguments])


class TestDoctor:
    def test_all_is_well(self, tmp_path: Path) -> None:
        """Exit code 0, and nothing is written."""
        with OtlpReceiver() as receiver:
            done = run(tmp_path, "--endpoint", receiver.endpoint)

        assert (0, []) == (done.exit_code, list(tmp_path.iterdir())), done.output
        assert "traces are accepted" in done.stdout

    def test_a_problem(self, tmp_path: Path) -> None:
        """The verdict comes first, the problem last; exit code 1."""
        done = run(tmp_path, "--endpoint", "http://127.0.0.1:1")

        assert (1, True) == (done.exit_code, done.stdout.startswith("1 problem"))
        assert done.stdout.rstrip().endswith("→ Start the receiver, or correct host and port.")

    def test_a_target_that_never_appears(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of an agents file, in a program that was run; and the file itself."""
        file = tmp_path / "agents.yaml"
        file.write_text("agents:\n- {target: json:dmups, role: tool}\n")
        monkeypatch.setenv("ORCHESTRACE_AGENTS", str(file))
        program = "import orchestrace; orchestrace.configure(export=False)"
        done = run(tmp_path, "--json", "--", sys.executable, "-c", program)
        found = {one["what"]: one for one in json.loads(done.stdout)}

        assert "json has no function" in found[f"json:dmups ({file}:2) never appeared"]["why"]
        assert f"{file} names 1 target (ORCHESTRACE_AGENTS)" in found
        assert 1 == done.exit_code

    def test_json(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A list of findings; of headers the names alone."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hidden-value")
        done = run(tmp_path, "--json", "--endpoint", "http://127.0.0.1:1")

        assert {"check", "state", "what", "why", "do"} == set(json.loads(done.stdout)[0])
        assert ("x-key" in done.stdout, "hidden-value" in done.stdout) == (True, False)

    def test_a_program(self, tmp_path: Path) -> None:
        """It is run, and what was forgotten in it is said; what it prints does not get into the document."""
        program = "import orchestrace; orchestrace.agent(print); print('said by the program')"
        done = run(tmp_path, "--json", "--", sys.executable, "-c", program)
        found = {one["what"]: one["state"] for one in json.loads(done.stdout)}

        assert (1, "problem") == (done.exit_code, found["configure() was never called"])


class TestCauses:
    """What goes wrong most often is named, and the exit code is 1."""

    def test_a_wrong_endpoint(self, tmp_path: Path) -> None:
        """Nobody is there."""
        done = run(tmp_path, "--endpoint", "http://127.0.0.1:1")

        assert (1, True) == (done.exit_code, "Nothing listens there." in done.stdout)

    @pytest.mark.parametrize(("spoken", "listening"), [("grpc", "http/protobuf"), ("http/protobuf", "grpc")])
    def test_a_wrong_protocol(self, spoken: str, listening: str, tmp_path: Path) -> None:
        """4317 and 4318 are easily confused."""
        with OtlpReceiver(listening) as receiver:
            done = run(tmp_path, "--endpoint", receiver.endpoint, "--protocol", spoken)

        assert (1, True) == (done.exit_code, f"Use --protocol {listening}" in done.stdout)

    def test_an_sdk_that_is_too_old(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Which version it has to be is said."""
        told = tmp_path / "openai-0.28.0.dist-info"
        told.mkdir()
        (told / "METADATA").write_text("Metadata-Version: 2.1\nName: openai\nVersion: 0.28.0\n")
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        done = run(tmp_path)

        assert (1, True) == (done.exit_code, "pip install 'openai>=1.60'" in done.stdout)

    def test_instrumented_too_late(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the call was made is said."""
        program = tmp_path / "late.py"
        program.write_text(
            "import os, openai, orchestrace\n"
            "client = openai.OpenAI(base_url=os.environ['MODEL'], api_key='of-no-use')\n"
            "client.chat.completions.create(model='gpt-4o', messages=[])\n"
            "orchestrace.configure('sourcing', export=False)\n"
        )
        monkeypatch.setenv("ORCHESTRACE_JOURNAL", str(tmp_path / "journal"))
        with ReplayServer() as server:
            server.answer(openai_chat("Hi"), times=None)
            monkeypatch.setenv("MODEL", f"{server.url}/v1")
            done = run(tmp_path, "--", sys.executable, str(program))

        assert (1, True) == (done.exit_code, "late.py:3" in done.stdout)
