from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, set_span_in_context

from orchestrace.pipeline.fence import Fence
from orchestrace.pipeline.processor import Processor
from orchestrace.pipeline.provider import Provider
from orchestrace.pipeline.span import OwnSpan
from orchestrace.recording.attributes import set_on
from orchestrace.recording.guard import faults
from orchestrace.recording.keeper import announce
from orchestrace.recording.tracer import SCOPE
from orchestrace.records import SpanRecord
from orchestrace.testing import IncrementalIds, Memory

LINKED = SpanContext(7, 8, is_remote=True)
LIMITS = sdk.SpanLimits(
    max_span_attributes=sdk.SpanLimits.UNSET, max_events=2, max_links=2, max_event_attributes=1, max_attribute_length=4
)
LIMITS.max_span_attribute_length = None


def fail(span: Any) -> None:
    """Have an exception pass a span that is a block."""
    with pytest.raises(ValueError, match="bad"), span:
        int("bad")


STEPS: dict[str, Callable[[Any], object]] = {
    "nothing": lambda span: span,
    "attributes": lambda span: span.set_attributes({"b": [1, 2], "c": "word", "a": 2}),
    "an attribute": lambda span: span.set_attribute("b", [True]),
    "odd values": lambda span: span.set_attributes({"b": object(), "d": None, "e": ["a", 1], "f": {"g": 1}}),
    "odd names": lambda span: span.set_attributes({"": 1, "b": 2}),
    "no name": lambda span: span.set_attribute("", 1),
    "an event": lambda span: span.add_event("happened", {"a": [1]}, 5),
    "too many events": lambda span: [span.add_event(f"event {i}", {"a": i, "b": "long word"}, i) for i in range(3)],
    "links": lambda span: [span.add_link(LINKED, {"i": i}) for i in range(3)],
    "a name": lambda span: span.update_name("other"),
    "an error": lambda span: span.set_status(StatusCode.ERROR, "no luck"),
    "an error that is a status": lambda span: span.set_status(Status(StatusCode.ERROR, "no luck"), "ignored"),
    "fine, which stays": lambda span: [span.set_status(one) for one in (StatusCode.OK, StatusCode.ERROR)],
    "unset, which is nothing": lambda span: [span.set_status(one) for one in (StatusCode.ERROR, StatusCode.UNSET)],
    "an exception": lambda span: span.record_exception(ValueError("bad"), {"exception.stacktrace": "x"}, 6),
    "an exception that passes": fail,
    "a start": lambda span: span.start(9),
    "two ends": lambda span: [span.end(3), span.end(4)],
    "more after the end": lambda span: [
        span.end(3),
        span.set_attribute("late", 1),
        span.set_attributes({"late": 1}),
        span.add_event("late"),
        span.add_link(LINKED),
        span.update_name("late"),
        span.set_status(StatusCode.ERROR),
    ],
}
"""What can be done to a span."""


class Broken:
    """A sink that fails."""

    def started(self, record: SpanRecord) -> None:
        """Fail."""
        raise OSError(record.name)

    def ended(self, record: SpanRecord) -> None:
        """Fail."""
        raise OSError(record.name)


class Seen(sdk.SpanProcessor):
    """Keep what a stranger's processor gets, and set something."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.ended: list[dict[str, Any]] = []

    def on_start(self, span: sdk.Span, parent_context: Context | None = None) -> None:
        self.heard.append(f"start {span.name} {parent_context is None}")
        span.set_attribute("stranger", [1])

    def _on_ending(self, span: sdk.Span) -> None:
        self.heard.append(f"ending {span.name} {span.is_recording()}")

    def on_end(self, span: sdk.ReadableSpan) -> None:
        self.ended.append(told(span))


def spans(processor: sdk.SpanProcessor) -> list[Any]:
    """Return a span of ours and one of the SDK, which are alike."""
    return [one for provider in (Provider, sdk.TracerProvider) for one in started(provider, processor)]


def started(provider: type[sdk.TracerProvider], *processors: sdk.SpanProcessor) -> list[Any]:
    """Return a span of our scope in a list, inside of another, by a provider that numbers them."""
    made = provider(
        resource=Resource({"service.name": "shop"}),
        shutdown_on_exit=False,
        active_span_processor=Fence(),
        id_generator=IncrementalIds(),
        span_limits=LIMITS,
    )
    for processor in processors:
        made.add_span_processor(processor)
    tracer = made.get_tracer(SCOPE, "1.2", "https://schema")
    around = set_span_in_context(tracer.start_span("around", Context()))
    return [tracer.start_span("one", around, SpanKind.CLIENT, {"a": 1, "list": ["x"]}, start_time=1)]


def told(span: Any) -> dict[str, Any]:
    """Return everything that a span says of itself."""
    document = json.loads(span.to_json())
    for event in document["events"]:  # an exception has the time, and the line, of the test
        if event["name"] == "exception":
            event["timestamp"], event["attributes"] = None, sorted(event["attributes"])
    return document | {
        "attributes": sorted(span.attributes.items()),
        "counts": (len(span.events), len(span.links)),
        "dropped": (span.dropped_attributes, span.dropped_events, span.dropped_links),
        "scope": span.instrumentation_scope,
        "info": span.instrumentation_info,
        "is": (span.name, span.kind, span.parent, span.context, span.get_span_context(), span.start_time),
        "status": (span.status.status_code, span.status.description),
        "end_time": span.end_time if span.end_time in {None, 3} else "now",
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("step", STEPS)
class TestEverySpan:
    def test_is_as_the_sdk_has_it(self, step: str, caplog: pytest.LogCaptureFixture) -> None:
        """Whatever is done to it, and what is logged of it."""
        said = []
        for span in spans(Processor([])):
            caplog.clear()
            STEPS[step](span)
            said.append((told(span), span.is_recording(), [line.getMessage() for line in caplog.records]))
        ours, theirs = said

        assert theirs == ours

    def test_comes_to_strangers_as_from_the_sdk(self, step: str) -> None:
        """When it starts, when it is about to end, and when it has ended."""
        heard = []
        for provider in (Provider, sdk.TracerProvider):
            seen = Seen()
            for span in started(provider, seen):
                STEPS[step](span)
                span.end(3)
            heard.append((seen.heard, seen.ended))
        ours, theirs = heard

        assert theirs == ours

    def test_has_the_record_of_an_sdk_span(self, step: str) -> None:
        """When it has started, and when it has ended."""
        kept = []
        for provider in (Provider, sdk.TracerProvider):
            memory = Memory()
            for span in started(provider, Processor([memory])):
                begun = replace(memory.running[-1])
                STEPS[step](span)
                span.end(3)
                kept.append([plain(begun), plain(memory.spans[-1])])
        ours, theirs = kept

        assert theirs == ours


def plain(record: SpanRecord) -> SpanRecord:
    """Return a record without what another moment, or another line, would change."""
    events = [
        replace(one, time=0, attributes=dict.fromkeys(one.attributes, "")) if one.name == "exception" else one
        for one in record.events
    ]
    end = record.end if record.end in {None, 3} else 0
    return replace(record, events=events, end=end)


class TestOwnSpan:
    def test_is_an_sdk_span_to_everybody(self) -> None:
        """Strangers ask for the class."""
        span, _ = spans(Processor([]))

        assert (OwnSpan, True) == (type(span), isinstance(span, sdk.Span))

    def test_what_it_says_can_be_read_while_more_is_set(self) -> None:
        """Nobody who goes through it is disturbed, and who keeps it sees all of it, as with the SDK's."""
        for span in spans(Processor([])):
            said = span.attributes
            for name in said:
                span.set_attribute(f"{name} again", 1)
            span.end()
            span.set_attribute("late", 1)

            assert {"a": 1, "list": ("x",), "a again": 1, "list again": 1} == said == span.attributes

    def test_what_it_says_is_not_changed_by_who_reads_it(self) -> None:
        """It is a view."""
        for span in spans(Processor([])):
            with pytest.raises(TypeError, match="does not support item assignment"):
                span.attributes["a"] = 2

    def test_one_value_can_be_asked_for(self) -> None:
        """Without a copy of all."""
        span, _ = spans(Processor([]))

        assert (1, None) == (span.value_of("a"), span.value_of("none such"))

    def test_what_was_recorded_of_its_start_stays(self) -> None:
        """A sink may keep it."""
        memory = Memory()
        (span,) = started(Provider, Processor([memory]))
        begun = memory.running[-1]
        set_on(span, {"b": 2})

        assert {"a": 1, "list": ("x",)} == begun.attributes

    def test_can_be_announced_again(self) -> None:
        """As long as it runs, to those who keep it: strangers have heard of it."""
        memory, stranger = Memory(), Seen()
        (span,) = started(Provider, Processor([memory]), stranger)
        heard = [*stranger.heard]
        set_on(span, {"b": 2})
        announce(span)
        said = memory.running[-1].attributes
        after = [*stranger.heard]
        span.end()
        announce(span)

        assert {"a": 1, "list": ("x",), "stranger": (1,), "b": 2} == said
        assert (heard, ["around"]) == (after, [one.name for one in memory.running])

    def test_of_many_ends_at_once_one_counts(self) -> None:
        """Whatever thread they come from."""
        memory = Memory()
        (span,) = started(Provider, Processor([memory]))
        threads = [threading.Thread(target=span.end) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert ["one"] == [record.name for record in memory.spans]

    def test_a_failing_sink_hurts_nobody(self) -> None:
        """It is counted, and the program goes on."""
        before = faults()
        (span,) = started(Provider, Processor([Broken()]))
        span.end()
        places = "start of a span", "end of a span"

        assert [2, 1] == [faults()[place] - before.get(place, 0) for place in places]
        assert not span.is_recording()
