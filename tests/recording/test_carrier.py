from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from email.message import Message
from typing import Any

import pytest
from celery.app.task import Context as CeleryRequest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.context import Context, attach, get_current
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, get_current_span, set_span_in_context

import orchestrace
from orchestrace import Prompt
from orchestrace.recording import lineage, tracer
from orchestrace.recording.carrier import FIELDS, RUN, read, span_in, write
from orchestrace.recording.content import is_recorded, within
from orchestrace.recording.guard import faults
from orchestrace.recording.remote import Remote
from orchestrace.testing import Spans

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
DRAFT = Prompt("sourcing/draft", "Write.", version="3")
FOREIGN = SpanContext(7, 8, is_remote=False, trace_flags=TraceFlags(1))


@pytest.fixture(autouse=True)
def _outside() -> Iterator[None]:
    """Let every test begin and end outside of all runs."""
    before = get_current()
    attach(Context())
    yield
    attach(before)


def told(context: Context) -> Mapping[str, Any]:
    """Return what stands on a span that starts in a context."""
    return lineage.identity(lineage.current(context))


class TestWrite:
    def test_of_nothing_is_nothing(self) -> None:
        """Outside of all runs there is nothing to say."""
        assert {} == write(Context())

    def test_of_a_span_of_another_library_is_w3cs_alone(self) -> None:
        """Nothing of ours is there."""
        context = set_span_in_context(NonRecordingSpan(FOREIGN), Context())

        assert ["traceparent"] == list(write(context))

    def test_of_a_run_says_whose_it_is(self, orchestrace_spans: Spans) -> None:
        """And under which span the other process is to go on."""
        with orchestrace.agent(name="Crafter", key=lambda: "j1") as run:
            carrier = write(get_current())

        agent = orchestrace_spans.one("invoke_agent Crafter")
        assert f"00-{agent.trace_id}-{agent.span_id}-01" == carrier["traceparent"]
        assert {
            "identity": {"gen_ai.agent.name": "Crafter", "orchestrace.key": "j1"},
            "reference": run.reference,
        } == json.loads(carrier[RUN])

    def test_holds_no_words(self, orchestrace_spans: Spans) -> None:
        """Of a prompt its identity, of a run no input."""
        with orchestrace.agent(name="Crafter"), orchestrace.generator(name="draft"):
            Prompt("draft", "Hush {name}.", version="3").render(name="secret")
            carrier = write(get_current())

        assert "secret" not in str(carrier)
        assert "Hush" not in str(carrier)


class TestRead:
    def test_of_nothing_is_what_is_around(self) -> None:
        """By default an empty context, whatever is current here."""
        around = set_span_in_context(NonRecordingSpan(FOREIGN), Context())

        assert (Context(), around) == (read({}), read({}, around))

    def test_goes_on_where_it_was_written(self, orchestrace_spans: Spans) -> None:
        """Parent, identity, prompt."""
        with orchestrace.agent(name="Crafter", tenant=lambda: "t"), orchestrace.generator(name="draft"):
            orchestrace.current().tag("trial")
            DRAFT.render()
            here = get_current()
            came = read(write(here))

        assert span_in(here).span_id == span_in(came).span_id
        assert told(here) == told(came)
        assert lineage.prompt(lineage.current(here)) == lineage.prompt(lineage.current(came)) != {}

    @pytest.mark.parametrize("level", ["full", "off"])
    def test_content_that_is_off_stays_off(self, level: str, orchestrace_spans: Spans) -> None:
        """Inside of a run and outside."""
        with orchestrace.content(level):
            outside = read(write(get_current()))
            with orchestrace.agent(name="Crafter"):
                inside = read(write(get_current()))
        remote = lineage.current(inside)

        assert remote is not None
        assert [level == "full"] * 3 == [is_recorded(outside), is_recorded(inside), remote.content]

    def test_content_is_never_switched_on(self) -> None:
        """A carrier may come from anybody."""
        around = within(Context(), "off")

        assert not is_recorded(read({RUN: '{"content":"full","identity":{"orchestrace.key":"x"}}'}, around))

    @pytest.mark.parametrize(
        "carrier",
        [
            {"Traceparent": TRACEPARENT},
            {"TRACEPARENT": TRACEPARENT},
            {"HTTP_TRACEPARENT": TRACEPARENT},
            {"traceparent": TRACEPARENT.encode()},
            {"traceparent": [TRACEPARENT]},
            CeleryRequest({"traceparent": TRACEPARENT}),
            [(b"host", b"crm"), (b"traceparent", TRACEPARENT.encode())],
            (("Traceparent", TRACEPARENT),),
        ],
        ids=["title", "environment", "wsgi", "bytes", "list", "celery", "asgi", "pairs"],
    )
    def test_takes_a_carrier_as_it_comes(self, carrier: object) -> None:
        """Names in any case, values as queues and servers give them, and what only has `get`."""
        assert 0xB7AD6B7169203331 == span_in(read(carrier)).span_id

    def test_takes_a_message(self) -> None:
        """Headers of the standard library."""
        message = Message()
        message["Traceparent"] = TRACEPARENT

        assert 0xB7AD6B7169203331 == span_in(read(message)).span_id

    @pytest.mark.parametrize(
        "carrier", [None, 1, "traceparent", [], [1, (2,), ([], 3)], object(), {"traceparent": []}, {1: 2}]
    )
    def test_of_no_carrier_is_empty(self, carrier: object) -> None:
        """Nothing is raised, and that is no fault of ours."""
        before = faults()

        assert (Context(), before) == (read(carrier), faults())

    @given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, st.text() | st.binary() | st.none())))
    def test_of_anything_raises_nothing(self, carrier: dict[str, Any]) -> None:
        """Whatever stands in the fields."""
        before = faults()
        context = read(carrier)

        assert (before, {}) == (faults(), told(context))

    def test_of_a_hostile_carrier_raises_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
        """Its own methods may fail."""

        class Hostile:
            def get(self, name: str) -> str:
                raise RuntimeError(name)

        assert Context() == read(Hostile())

    def test_identity_without_a_trace(self) -> None:
        """A run that nobody records here has no span, but is somebody's all the same."""
        context = read({RUN: '{"identity":{"orchestrace.key":"x"}}'})

        assert ({"orchestrace.key": "x"}, False) == (told(context), span_in(context).is_valid)

    def test_ours_come_back_as_a_remote_recording(self) -> None:
        """It stands in the lineage, and is no span of this process."""
        context = read({"traceparent": TRACEPARENT, RUN: '{"identity":{"orchestrace.key":"x"}}'})
        here = lineage.current(context)

        assert isinstance(here, Remote)
        assert here.span.get_span_context() == get_current_span(context).get_span_context()


class TestApart:
    """Where our spans stand apart from those of the program, ours alone is the parent of ours."""

    @pytest.fixture
    def carrier(self, orchestrace_spans: Spans, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
        """Return what is written inside of a run, beside a span of another library."""
        monkeypatch.setattr(tracer, "_apart", True)
        attach(set_span_in_context(NonRecordingSpan(FOREIGN), Context()))
        with orchestrace.agent(name="Crafter"):
            return write(get_current())

    def test_both_go_their_own_way(self, carrier: dict[str, str], orchestrace_spans: Spans) -> None:
        """Neither becomes the parent of the other."""
        context = read(carrier)
        here = lineage.current(context)

        assert here is not None
        assert orchestrace_spans.one("invoke_agent Crafter").span_id == f"{here.span.get_span_context().span_id:016x}"
        assert FOREIGN.span_id == span_in(context).span_id

    def test_ours_is_the_parent_where_there_is_no_other(
        self, carrier: dict[str, str], orchestrace_spans: Spans, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In a process whose spans stand together."""
        monkeypatch.setattr(tracer, "_apart", False)
        context = read({RUN: carrier[RUN]})

        assert orchestrace_spans.one("invoke_agent Crafter").span_id == f"{span_in(context).span_id:016x}"
