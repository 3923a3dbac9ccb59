"""Whose provider makes the spans: every way a program can have OpenTelemetry already, or come to it later."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from orchestrace.balance import Balance
from orchestrace.journal.accounts import balances
from orchestrace.journal.database import connect
from orchestrace.testing import OtlpReceiver

AGENT = "invoke_agent A"
CHAT = """
import openai
from orchestrace.testing import ReplayServer, openai_chat

def chat():
    with ReplayServer() as server:
        server.answer(openai_chat("Hello"))
        client = openai.OpenAI(api_key="k", base_url=server.url + "/v1", max_retries=0)
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])
"""
"""A model call over a real server."""


RECORDED = "every run is in the journal"
EXPORTED = "its exporters and processors get every span"
SENT_ONCE = "each span is sent once"
SAID = "one line in the log says what is left out"
UNCHANGED = "its telemetry is as without us"


def living(row: str, *columns: str) -> Callable[[Any], Any]:
    """Mark facts of the table."""

    def mark(test: Any) -> Any:
        for column in columns:
            test = pytest.mark.compatibility(table="living", row=row, column=column)(test)
        return test

    return mark


class TestInstrumentAlone:
    @living("calls `instrument()` alone", EXPORTED, SENT_ONCE)
    def test_is_an_ordinary_instrumentation(self, run: Callable[..., Any]) -> None:
        """The program's exporter gets the spans of decorators and of model calls, complete."""
        done = run(
            CHAT
            + """
provider, exporter = theirs()
trace.set_tracer_provider(provider)
orchestrace.instrument()
chat()
craft("x")
[call] = [span for span in exporter.get_finished_spans() if span.name == "chat m"]
say(names=names(exporter), configured=orchestrace.status().configured, same=trace.get_tracer_provider() is provider,
    words="Hello" in call.attributes["gen_ai.output.messages"],
    journal=os.path.exists(os.environ["ORCHESTRACE_JOURNAL"]))
"""
        )

        assert ["chat m", "inner", AGENT] == done.said.pop("names")
        assert {"configured": False, "same": True, "words": True, "journal": False} == done.said
        assert "" == done.log

    @living("calls `instrument()` alone, has no provider", SAID)
    def test_without_any_provider_nothing_is_recorded(self, run: Callable[..., Any]) -> None:
        """A model call and an agent work; who decorated is told once."""
        done = run(CHAT + 'orchestrace.instrument(); chat(); craft(1); say(result=craft("x"))')

        assert ({"result": "x"}, []) == (done.said, done.spans)
        assert 1 == done.log.count("Call orchestrace.configure()") == len(done.log.splitlines())


class TestNoProvider:
    @living("calls `configure()`, has no provider", RECORDED, SENT_ONCE)
    def test_ours_becomes_the_global_one(self, run: Callable[..., Any]) -> None:
        """Spans of other libraries, inside of a run and outside, are recorded and sent."""
        with OtlpReceiver() as receiver:
            done = run(
                'orchestrace.configure(); craft("x"); outside(); say(done=True)',
                {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint},
            )
            sent = sorted(span.name for span in receiver.wait(3))

        assert ["inner", AGENT, "outside"] == done.recorded == sent
        assert "A" == done.span("inner").attributes["gen_ai.agent.name"]
        assert "" == done.log

    @living("calls `shutdown()`, then `configure()` again", RECORDED)
    def test_it_can_begin_again(self, run: Callable[..., Any]) -> None:
        """Also when it is isolated the second time: then other libraries' spans are left out."""
        done = run(
            'orchestrace.configure(); craft("a"); orchestrace.shutdown(); craft("b")\n'
            'orchestrace.configure(isolated=True); craft("c"); outside(); orchestrace.shutdown(); say(done=True)'
        )
        outputs = [span.attributes["output.value"] for span in done.spans if span.name == AGENT]

        assert (["a", "c"], ["inner", AGENT, AGENT]) == (outputs, done.recorded)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
    @living("forks after `configure()`", RECORDED, SENT_ONCE)
    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    def test_a_forked_child_goes_on(self, run: Callable[..., Any], protocol: str) -> None:
        """What the child does is recorded and sent by the child, what the parent does once."""
        with OtlpReceiver(protocol) as receiver:
            done = run(
                'orchestrace.configure(); craft("before")\n'
                'child = os.fork(); craft("child" if child == 0 else "parent")\n'
                "if child == 0:\n    orchestrace.shutdown(); os._exit(0)\n"
                "_, status = os.waitpid(child, 0); say(status=status)",
                {
                    "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
                    "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
                },
            )
            sent = [span.attributes["output.value"] for span in receiver.wait(6) if span.name == AGENT]
        recorded = [span.attributes["output.value"] for span in done.spans if span.name == AGENT]

        assert {"status": 0} == done.said
        assert ["before", "child", "parent"] == sorted(recorded) == sorted(sent)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
    @pytest.mark.parametrize("provider", ["", "trace.set_tracer_provider(theirs()[0])"], ids=["ours", "theirs"])
    def test_a_forked_child_ends_nothing_of_its_parent(self, run: Callable[..., Any], provider: str) -> None:
        """It leaves through blocks that its parent has open, and so ends its copies of other libraries' spans, too."""
        done = run(
            provider
            + """
orchestrace.configure()
with trace.get_tracer("another.library").start_as_current_span("theirs") as span:
    child = os.fork()
    craft("child" if child == 0 else "parent")
    span.set_attribute("who", "child" if child == 0 else "parent")
    if child == 0:
        raise SystemExit(0)
    os.waitpid(child, 0)
    orchestrace.flush()  # what the child said is in the database
say(ended=orchestrace.status().ended)
"""
        )

        assert ["inner", "inner", AGENT, AGENT, "theirs"] == done.recorded
        assert ("parent", "UNSET") == (done.span("theirs").attributes["who"], done.span("theirs").status)
        assert {"ended": 3} == done.said
        with closing(connect(done.journal)) as database:
            assert 5 == Balance.sum(balances(database).values()).ended


class TestProviderBefore:
    @living("calls `configure()`, has set a provider", RECORDED, EXPORTED, SENT_ONCE)
    def test_it_is_joined(self, run: Callable[..., Any]) -> None:
        """What other libraries do in a run inherits its identity; the endpoint of the variables is left to them."""
        with OtlpReceiver() as receiver:
            done = run(
                "provider, exporter = theirs(); trace.set_tracer_provider(provider)\n"
                'orchestrace.configure(); craft("x"); outside()\n'
                "say(names=names(exporter), sent=orchestrace.status().destination)",
                {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint},
            )
            sent = receiver.spans

        assert {"names": ["inner", AGENT, "outside"], "sent": None} == done.said
        assert (["inner", AGENT, "outside"], []) == (done.recorded, sent)
        assert "A" == done.span("inner").attributes["gen_ai.agent.name"]
        assert "" == done.log

    @living("calls `configure(export=True)`, has set a provider", RECORDED, EXPORTED)
    def test_it_is_sent_where_that_is_asked_for(self, run: Callable[..., Any]) -> None:
        """Also after a shutdown, and each span is recorded once; without the argument nothing is sent then either."""
        with OtlpReceiver() as receiver:
            done = run(
                "provider, exporter = theirs(); trace.set_tracer_provider(provider)\n"
                'orchestrace.configure(export=True); craft("x"); orchestrace.shutdown()\n'
                'orchestrace.configure(); craft("y"); say(names=names(exporter))',
                {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint},
            )
            sent = [span.name for span in receiver.wait(2)]

        assert ["inner", AGENT] == sorted(sent)
        assert ["inner", "inner", AGENT, AGENT] == done.recorded == done.said["names"]

    @living("has a provider whose sampler drops", SAID)
    def test_its_sampler_rules(self, run: Callable[..., Any]) -> None:
        """What it drops nobody can record; configure(isolated=True) does."""
        done = run(
            "from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio\n"
            "provider, exporter = theirs(sampler=ParentBasedTraceIdRatio(0.0)); trace.set_tracer_provider(provider)\n"
            'orchestrace.configure(); say(result=craft("x"))'
        )

        assert ({"result": "x"}, []) == (done.said, done.spans)
        assert 1 == len(done.log.splitlines())
        assert "has a sampler (ParentBased{root:TraceIdRatioBased{0.0}" in done.log

    @living("has a provider that takes no processors", RECORDED, SAID)
    def test_one_that_cannot_be_joined_is_left_alone(self, run: Callable[..., Any]) -> None:
        """Another vendor's, or one that does nothing: the record is complete all the same."""
        done = run(
            'trace.set_tracer_provider(trace.NoOpTracerProvider()); orchestrace.configure(); say(result=craft("x"))'
        )

        assert ({"result": "x"}, [AGENT]) == (done.said, done.recorded)
        assert 1 == len(done.log.splitlines())
        assert "(NoOpTracerProvider) takes no span processors" in done.log

    def test_one_that_a_variable_names_is_joined(self, run: Callable[..., Any]) -> None:
        """OTEL_PYTHON_TRACER_PROVIDER makes it when OpenTelemetry is first asked for one."""
        done = run(
            'orchestrace.configure(); craft("x")\n'
            "from opentelemetry.sdk.trace import TracerProvider\n"
            "say(kind=type(trace.get_tracer_provider()) is TracerProvider, sent=orchestrace.status().destination)",
            {
                "OTEL_PYTHON_TRACER_PROVIDER": "sdk_tracer_provider",
                "OTEL_METRICS_EXPORTER": "none",
                "OTEL_LOGS_EXPORTER": "none",
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
            },
        )

        assert ({"kind": True, "sent": None}, ["inner", AGENT]) == (done.said, done.recorded)


class TestProviderAfter:
    @living("sets its provider after `configure()`", RECORDED, EXPORTED, SAID)
    def test_nothing_of_its_is_lost(self, run: Callable[..., Any]) -> None:
        """Tracers made before, after and with it: all in its exporters, one added late too, and once in the journal."""
        done = run(
            """
from opentelemetry.trace import set_tracer_provider
orchestrace.configure()
early = trace.get_tracer("early")
provider, exporter = theirs()
set_tracer_provider(provider)
trace.set_tracer_provider(provider)  # a framework does it again
_, late = theirs()
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
provider.add_span_processor(SimpleSpanProcessor(late))
craft("x")
early.start_span("early").end()
provider.get_tracer("its own").start_span("its own").end()
say(names=names(exporter), late=names(late))
"""
        )

        assert ["early", "inner", AGENT, "its own"] == done.recorded == done.said["names"] == done.said["late"]
        assert 1 == done.log.count("orchestrace: a tracer provider was set after configure()")
        assert "Overriding of current TracerProvider is not allowed" in done.log

    def test_adding_to_the_global_one_works(self, run: Callable[..., Any]) -> None:
        """A program that asks for the provider it has just set, as tutorials do, gets ours: its processor is on it."""
        done = run(
            """
orchestrace.configure()
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
trace.set_tracer_provider(TracerProvider())
_, exporter = theirs()
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(exporter))
craft("x")
say(names=names(exporter))
"""
        )

        assert ["inner", AGENT] == done.recorded == done.said["names"]


class TestIsolated:
    @living("calls `configure(isolated=True)`", RECORDED, UNCHANGED)
    def test_nobody_sees_anything(self, run: Callable[..., Any]) -> None:
        """A chat span that the program makes by hand keeps its parent and gets no words; our call has its own span."""
        done = run(
            CHAT
            + """
provider, exporter = theirs()
trace.set_tracer_provider(provider)
orchestrace.configure(isolated=True)
tracer = trace.get_tracer("by hand")

@orchestrace.agent(name="Asker")
def ask():
    known = {"gen_ai.operation.name": "chat"}
    with tracer.start_as_current_span("their chat", kind=trace.SpanKind.CLIENT, attributes=known):
        chat()
    with orchestrace.llm_call("m", "o") as call:
        call.response("by hand")

with tracer.start_as_current_span("their root"):
    ask()
spans = {span.name: span for span in exporter.get_finished_spans()}
say(names=sorted(spans), chat=dict(spans["their chat"].attributes),
    parent=spans["their chat"].parent.span_id == spans["their root"].context.span_id)
"""
        )
        agent = done.span("invoke_agent Asker")
        calls = [span for span in done.spans if span.name == "chat m"]

        assert {"gen_ai.operation.name": "chat"} == done.said.pop("chat")
        assert {"names": ["their chat", "their root"], "parent": True} == done.said
        assert ([agent.span_id] * 2, None) == ([call.parent_id for call in calls], agent.parent_id)
        assert 3 == len(done.spans)

    def test_twice_is_once(self, run: Callable[..., Any]) -> None:
        """The same arguments again change nothing."""
        done = run(
            'orchestrace.configure(isolated=True); orchestrace.configure(isolated=True); craft("x"); outside()\n'
            "say(kind=type(trace.get_tracer_provider()).__name__)"
        )

        assert ({"kind": "ProxyTracerProvider"}, [AGENT]) == (done.said, done.recorded)


class TestSwitchedOff:
    @living("runs with `ORCHESTRACE_DISABLED=true`", UNCHANGED)
    def test_our_variable_leaves_opentelemetry_alone(self, run: Callable[..., Any]) -> None:
        """The program's own tracing goes on as if we were not there."""
        done = run(
            CHAT
            + "provider, exporter = theirs(); trace.set_tracer_provider(provider)\n"
            + "before = openai._base_client.SyncAPIClient.request\n"
            + 'orchestrace.configure(); orchestrace.instrument(); chat(); craft("x")\n'
            + "say(names=names(exporter), same=before is openai._base_client.SyncAPIClient.request)",
            {"ORCHESTRACE_DISABLED": "true"},
        )

        assert ({"names": ["inner"], "same": True}, "") == (done.said, done.log)
        assert not done.journal.exists()

    @living("runs with `OTEL_SDK_DISABLED=true`", UNCHANGED)
    def test_opentelemetrys_variable_switches_us_off_too(self, run: Callable[..., Any]) -> None:
        """Whoever switches OpenTelemetry off means us as well."""
        done = run(
            'orchestrace.configure(endpoint="http://127.0.0.1:9"); craft("x")\n'
            "say(kind=type(trace.get_tracer_provider()).__name__, configured=orchestrace.status().configured)",
            {"OTEL_SDK_DISABLED": "TRUE"},
        )

        assert ({"kind": "ProxyTracerProvider", "configured": False}, "") == (done.said, done.log)
        assert not done.journal.exists()
