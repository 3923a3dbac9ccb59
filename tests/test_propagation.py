from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import openai
import pytest
from opentelemetry import trace
from opentelemetry.context import Context, attach, create_key, get_current, get_value, set_value
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import orchestrace
from orchestrace import environment, extract, inject
from orchestrace.propagation import adopt, release
from orchestrace.recording import lineage
from orchestrace.recording.content import is_recorded
from orchestrace.testing import ReplayServer, Spans, capture, openai_chat

VARIABLES = ("TRACEPARENT", "TRACESTATE", "ORCHESTRACE_RUN")


@pytest.fixture(autouse=True)
def _outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every test begin and end outside of all runs, in a process that nobody started from inside of one."""
    before = get_current()
    attach(Context())
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    yield
    release()
    attach(before)


@pytest.fixture
def carrier(orchestrace_spans: Spans) -> dict[str, str]:
    """Return what a run wrote, that has ended since."""
    with orchestrace.agent(name="Sender", key=lambda: "one", tenant=lambda: "t"):
        return inject({})


def whose() -> object:
    """Return the key of the run that this is called in."""
    return lineage.identity(lineage.current()).get("orchestrace.key")


def span(name: str) -> Any:
    """Make a span as another library does."""
    return trace.get_tracer("another.library").start_as_current_span(name)


class TestInject:
    def test_returns_what_it_filled(self, orchestrace_spans: Spans) -> None:
        """So that it can stand in a call; other headers stay."""
        headers = {"priority": "1"}
        with orchestrace.agent(name="A"):
            assert headers is inject(headers)

        assert {"priority", "traceparent", "orchestrace-run"} == headers.keys()

    def test_outside_of_all_runs_it_takes_out_what_it_wrote(self, carrier: dict[str, str]) -> None:
        """Headers that are used again say nothing of the run before."""
        assert {"priority": "1"} == inject(carrier | {"tracestate": "a=b", "priority": "1"})

    def test_a_carrier_that_takes_nothing(self, orchestrace_spans: Spans) -> None:
        """Nothing is raised."""
        with orchestrace.agent(name="A"):
            inject(MappingProxyType({}))  # type: ignore[type-var] # that is the point


class TestExtract:
    def test_goes_on_with_the_run(self, carrier: dict[str, str], orchestrace_spans: Spans) -> None:
        """Inside of the block, and only there."""
        with extract(carrier), orchestrace.tool(name="send"):
            pass
        with orchestrace.tool(name="other"):
            pass

        assert "invoke_agent Sender\n  execute_tool send\nexecute_tool other" == orchestrace_spans.tree()
        assert ["one", None] == [
            orchestrace_spans.attributes(f"execute_tool {name}").get("orchestrace.key") for name in ("send", "other")
        ]

    def test_another_run_is_not_around(self, carrier: dict[str, str], orchestrace_spans: Spans) -> None:
        """Whoever takes a message works for its sender."""
        with orchestrace.agent(name="Consumer", key=lambda: "two", user=lambda: "u"):
            with extract(carrier), orchestrace.tool(name="send"):
                inside = whose()
            after = whose()

        assert ["one", "two"] == [inside, after]
        assert "user.id" not in orchestrace_spans.attributes("execute_tool send")
        assert (
            orchestrace_spans.one("invoke_agent Sender").span_id == orchestrace_spans.one("execute_tool send").parent_id
        )

    @pytest.mark.parametrize("empty", [{}, None, {"priority": "1"}, {"traceparent": "x", "orchestrace-run": "{"}])
    def test_of_nothing_there_is_no_run(self, empty: Any, orchestrace_spans: Spans) -> None:
        """A message that no run sent belongs to none, wherever it is taken."""
        with orchestrace.agent(name="Consumer", key=lambda: "two"), extract(empty), orchestrace.tool(name="send"):
            assert whose() is None

        assert orchestrace_spans.one("execute_tool send").parent_id is None

    def test_content_that_is_off_around_stays_off(self, carrier: dict[str, str], orchestrace_spans: Spans) -> None:
        """Also where a run is left."""
        with orchestrace.agent(name="Consumer"), orchestrace.content("off"), extract(carrier):
            inside = is_recorded()

        assert not inside

    def test_delivered_within_the_call_that_sent_it(self, orchestrace_spans: Spans) -> None:
        """A queue that works at once, as in tests: the run is the very same, sums and all."""
        with orchestrace.agent(name="Sender"):
            headers = inject({})
            here = get_current()
            with extract(headers):
                assert here is get_current()
            with orchestrace.tool(name="task"):
                inside = get_current()
                with extract(headers):
                    assert inside is get_current()

    def test_is_a_value_as_well(self, carrier: dict[str, str]) -> None:
        """Its context can be attached in another way."""
        context = extract(carrier).context

        assert (None, "one") == (whose(), lineage.identity(lineage.current(context))["orchestrace.key"])

    def test_what_else_is_in_the_context_stays(self, carrier: dict[str, str]) -> None:
        """It is another library's."""
        key = create_key("theirs")
        attach(set_value(key, "x"))
        with extract(carrier):
            assert "x" == get_value(key)


class TestBesideAServer:
    """Where another library has begun a span for what came: ours belong under it."""

    @pytest.mark.parametrize("known", [True, False])
    def test_its_span_stays_the_parent(self, *, known: bool) -> None:
        """Of the same trace, or of a trace of its own where the carrier holds none."""
        with capture(as_global=True) as spans:
            with orchestrace.agent(name="Sender", key=lambda: "one"):
                headers = inject({}) if known else {}
            attach(TraceContextTextMapPropagator().extract(headers))
            with span("POST /tasks"), extract(headers), orchestrace.tool(name="send"):
                pass

        assert spans.one("POST /tasks").span_id == spans.one("execute_tool send").parent_id
        assert ("one" if known else None) == spans.attributes("execute_tool send").get("orchestrace.key")

    def test_a_span_of_another_trace_does_not(self, carrier: dict[str, str]) -> None:
        """A worker's own loop is no part of the run."""
        with capture(as_global=True) as spans, span("loop"), extract(carrier), orchestrace.tool(name="send"):
            pass

        assert carrier["traceparent"].split("-")[2] == spans.one("execute_tool send").parent_id


class TestEnvironment:
    def test_outside_of_all_runs_it_is_empty(self) -> None:
        """There is nothing to say."""
        assert {} == environment()

    def test_inside_it_says_where_to_go_on(self, orchestrace_spans: Spans) -> None:
        """Under the names that variables have."""
        with orchestrace.agent(name="A"):
            assert {"TRACEPARENT", "ORCHESTRACE_RUN"} == environment().keys()

    def test_what_this_process_was_started_with_is_taken_out(
        self, orchestrace_spans: Spans, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What it starts outside of all runs belongs to none."""
        monkeypatch.setenv("TRACEPARENT", "x")
        monkeypatch.setenv("ORCHESTRACE_RUN", "{}")

        assert {"TRACEPARENT": "", "ORCHESTRACE_RUN": ""} == environment()

    def test_is_the_callers_own(self) -> None:
        """Whoever changes it changes it for himself."""
        environment()["TRACEPARENT"] = "x"

        assert {} == environment()


class TestAdopt:
    def test_a_process_that_was_started_inside_of_a_run_is_part_of_it(
        self, orchestrace_spans: Spans, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """From `instrument()` to `uninstrument()`."""
        with orchestrace.agent(name="A", key=lambda: "one"):
            variables = environment()
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        adopt()
        inside = whose()
        adopt()
        release()

        assert ["one", None] == [inside, whose()]

    def test_one_that_was_started_otherwise_is_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A `TRACEPARENT` alone may be that of a build server, whose jobs live long."""
        monkeypatch.setenv("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        adopt()

        assert not trace.get_current_span().get_span_context().is_valid

    def test_what_runs_already_goes_on(self, orchestrace_spans: Spans, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is nearer than the process."""
        with orchestrace.agent(name="A", key=lambda: "one"):
            for name, value in environment().items():
                monkeypatch.setenv(name, value)
        with orchestrace.agent(name="B", key=lambda: "two"):
            adopt()
            assert "two" == whose()

    def test_what_was_entered_since_is_not_left(
        self, orchestrace_spans: Spans, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Only the very context that was entered is left."""
        with orchestrace.agent(name="A", key=lambda: "one"):
            for name, value in environment().items():
                monkeypatch.setenv(name, value)
        adopt()
        with orchestrace.agent(name="B", key=lambda: "two"):
            release()
            assert "two" == whose()

    @pytest.mark.parametrize("entry", ["instrument()", "configure(journal=sys.argv[1], instrument=False)"])
    def test_configuration_does_it(self, entry: str, orchestrace_spans: Spans, tmp_path: Any) -> None:
        """The program that is started need not know."""
        program = (
            "import json, sys, orchestrace; from orchestrace.recording import lineage\n"
            f"orchestrace.{entry}\n"
            "print(json.dumps(lineage.identity(lineage.current())))"
        )
        with orchestrace.agent(name="A", key=lambda: "one"):
            done = subprocess.run(  # noqa: S603 - our own words
                [sys.executable, "-c", program, str(tmp_path)],
                env=os.environ | environment(), check=True, capture_output=True, text=True,
            )  # fmt: skip

        assert {"gen_ai.agent.name": "A", "orchestrace.key": "one"} == json.loads(done.stdout)


class TestProviders:
    def test_nothing_of_it_goes_to_a_models_provider(self, orchestrace_server: ReplayServer) -> None:
        """Whose run it is stays among our own processes."""
        orchestrace_server.answer(openai_chat())
        with capture() as spans:
            with orchestrace.agent(name="A", key=lambda: "one", user=lambda: "ada"):
                carrier = inject({})
            with extract(carrier), openai.OpenAI(api_key="k", base_url=orchestrace_server.url + "/v1") as client:
                client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])

        sent = str(orchestrace_server.requests[0].headers)
        assert "one" == spans.attributes("chat m")["orchestrace.key"]
        assert [] == [word for word in ("orchestrace", "traceparent", "baggage", "ada") if word in sent.lower()]
