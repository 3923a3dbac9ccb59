from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from orchestrace.doctor.program import run
from orchestrace.testing import ReplayServer, openai_chat

LIBRARY = "httpx2" if find_spec("httpx") is None else "httpx"
ASK = """
import os
import openai
import {library}

http = {library}.Client()
client = openai.OpenAI(base_url=os.environ["MODEL"], api_key="of-no-use")
messages = [{"role": "user", "content": "Hello"}]

def ask():
    client.chat.completions.create(model="gpt-4o", messages=messages)

def request():
    body = {"model": "gpt-4o", "messages": messages}
    return http.build_request("POST", os.environ["MODEL"] + "/chat/completions", json=body)
"""
CONFIGURE = "import orchestrace; orchestrace.configure('sourcing', export=False, headers={})\n"


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ORCHESTRACE_JOURNAL", str(tmp_path / "journal"))


def seen(program: str) -> dict[str, Any]:
    """Run a program; return what the witness saw."""
    [report] = run([sys.executable, "-c", program]).reports
    return report


def model(monkeypatch: pytest.MonkeyPatch, program: str) -> dict[str, Any]:
    """Run a program that calls a model; return what the witness saw."""
    with ReplayServer() as server:
        server.answer(openai_chat("Hi"), times=None)
        monkeypatch.setenv("MODEL", f"{server.url}/v1")
        return seen(ASK.replace("{library}", LIBRARY) + program)


def events(report: dict[str, Any]) -> list[str]:
    """Return what happened, in order."""
    return [event["what"] for event in report["events"]]


class TestBegin:
    def test_nothing_is_imported_for_it(self) -> None:
        """A program that has nothing to do with us stays so; one that patches everything first still can."""
        heavy = "{'ssl', 'socket', 'asyncio', 'orchestrace', 'opentelemetry'}"
        code = run([sys.executable, "-c", f"import sys; sys.exit(len({heavy} & set(sys.modules)))"]).code

        assert 0 == code

    def test_configure_is_seen_with_what_it_was_told(self) -> None:
        """So that the program's own receiver can be tried."""
        report = seen("import orchestrace; orchestrace.configure('a', endpoint='http://127.0.0.1:1', export=True)")
        [event] = [event for event in report["events"] if event["what"] == "configure"]

        assert {"service_name": "a", "endpoint": "http://127.0.0.1:1"} == event["settings"]

    def test_configure_that_fails_is_seen(self) -> None:
        """The message is the one that the program got."""
        [event] = seen("import orchestrace; orchestrace.configure(service_name='')")["events"]

        assert ("configure failed", True) == (event["what"], "service_name" in event["error"])

    def test_decorators_are_counted(self) -> None:
        """Whether or not anything is configured."""
        assert 2 == seen("import orchestrace as o; o.agent(print); o.tool(name='x')(print)")["decorated"]

    def test_targets_of_an_agents_file_are_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also of one that the program was told of in `configure()`, which the doctor then looks at."""
        file = tmp_path / "agents.yaml"
        file.write_text("agents:\n- {target: json:dumps, role: tool}\n- {target: json:dmups, role: tool}\n")
        report = seen(f"import orchestrace; orchestrace.configure(export=False, agents={str(file)!r})")
        [event] = [event for event in report["events"] if event["what"] == "configure"]

        assert str(file) == event["settings"]["agents"]
        assert [1, 0] == [one["followed"] for one in report["agents"]]
        assert "json has no function or class 'dmups'. Did you mean 'dumps'?" == report["agents"][1]["why"]

    def test_a_call_through_the_tap_is_not_missed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also of a client that was there before."""
        report = model(monkeypatch, CONFIGURE + "ask()")

        assert (1, []) == (report["calls"], report["missed"])

    def test_a_call_before_configure_is_missed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """There was nothing yet to see it."""
        report = model(monkeypatch, "ask()\n" + CONFIGURE)

        assert [False] == [call["tapped"] for call in report["missed"]]

    def test_a_method_that_was_stored_before_is_missed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It goes past whatever stands in its place now."""
        report = model(monkeypatch, f"send = http.send\n{CONFIGURE}send(request())")

        assert [True] == [call["tapped"] for call in report["missed"]]

    @pytest.mark.parametrize("first", ["provider", "configure"])
    def test_the_order_of_providers_is_seen(self, first: str) -> None:
        """The program's own, before ours or after."""
        provide = (
            "from opentelemetry import trace; from opentelemetry.sdk.trace import TracerProvider as P;"
            "trace.set_tracer_provider(P())\n"
        )
        program = provide + CONFIGURE if first == "provider" else CONFIGURE + provide
        seen_events = [what for what in events(seen(program)) if what != "instrument"]

        assert first == seen_events[0]
        assert ["configure", "provider"] == sorted(seen_events)

    def test_it_is_there_under_opentelemetry_instrument(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Which takes the same place in a program for itself."""
        monkeypatch.setenv("OTEL_PYTHON_DISTRO", "orchestrace")
        monkeypatch.setenv("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "openai,anthropic")  # others': they import an SDK
        under = str(Path(sys.executable).parent / "opentelemetry-instrument")
        [report] = run([under, sys.executable, "-c", "import orchestrace"]).reports

        assert "configure" in events(report)
