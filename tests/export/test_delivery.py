from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from orchestrace.export.batch import LARGEST_REQUEST
from orchestrace.export.delivery import Delivery
from orchestrace.records import SpanRecord

Make = Callable[..., SpanRecord]
Deliver = Callable[[Callable[[], SpanExporter]], Delivery]


class Broken(SpanExporter):
    """An exporter with a fault of its own."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Fail."""
        msg = f"cannot take {len(spans)}"
        raise RuntimeError(msg)

    def shutdown(self) -> None:
        """Fail."""
        msg = "cannot stop"
        raise RuntimeError(msg)


class Sizes(SpanExporter):
    """An exporter that keeps how many spans each request had."""

    def __init__(self) -> None:
        self.requests: list[int] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Count."""
        self.requests.append(len(spans))
        return SpanExportResult.SUCCESS


@pytest.fixture
def deliver(resource: Resource) -> Deliver:
    """Make a delivery through an exporter."""
    return lambda connect: Delivery(connect, resource, "there")


def send(delivery: Delivery, *records: SpanRecord) -> None:
    """Take `records` and send them."""
    for record in records:
        delivery.take(record)
    delivery.send()


class TestSend:
    def test_what_arrives_is_counted(self, deliver: Deliver, record: Make) -> None:
        """Each span that the exporter took is sent, none is lost."""
        delivery = deliver(InMemorySpanExporter)
        send(delivery, record(1), record(2))

        assert (2, 0) == (delivery.sent, delivery.losses.total)

    def test_the_resource_goes_along(self, deliver: Deliver, record: Make) -> None:
        """Every span has the resource that was given once."""
        memory = InMemorySpanExporter()
        send(deliver(lambda: memory), record())

        assert {"service.name": "sourcing"} == dict(memory.get_finished_spans()[0].resource.attributes)

    def test_an_odd_span_costs_no_other(self, deliver: Deliver, record: Make, caplog: pytest.LogCaptureFixture) -> None:
        """A record that is no span is lost and reported; its neighbours are sent."""
        memory = InMemorySpanExporter()
        delivery = deliver(lambda: memory)
        send(delivery, record(1), record(2, trace_id="none"), record(3))

        assert ["span 1", "span 3"] == [span.name for span in memory.get_finished_spans()]
        assert (2, 1) == (delivery.sent, delivery.losses.total)
        assert "export failed" in caplog.messages[0]

    def test_requests_are_cut_by_size(self, deliver: Deliver, record: Make) -> None:
        """Two spans that are too long together go one after the other."""
        sizes = Sizes()
        send(deliver(lambda: sizes), *(record(n, attributes={"x": "x" * (LARGEST_REQUEST // 2)}) for n in (1, 2)))

        assert [1, 1] == sizes.requests

    def test_a_fault_of_the_exporter_is_a_loss(
        self, deliver: Deliver, record: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        """An exporter that raises has not taken the spans, and its words are the reason."""
        delivery = deliver(Broken)
        send(delivery, record(1), record(2))
        delivery.losses.say()

        assert (0, 2) == (delivery.sent, delivery.losses.total)
        assert "(RuntimeError: cannot take 2)" in caplog.messages[0]

    def test_an_exporter_that_cannot_be_made_is_a_loss(self, deliver: Deliver, record: Make) -> None:
        """In a forked child the exporter is made when it is needed: what goes wrong then must not end the thread."""

        def refuse() -> SpanExporter:
            msg = "no"
            raise OSError(msg)

        delivery = deliver(refuse)
        send(delivery, record())

        assert (0, 1) == (delivery.sent, delivery.losses.total)


class TestTake:
    def test_says_how_many_go_together(self, deliver: Deliver, record: Make) -> None:
        """The caller sends when there are enough, and then begins anew."""
        delivery = deliver(InMemorySpanExporter)
        counted = [delivery.take(record(1)), delivery.take(record(2))]
        delivery.send()

        assert [1, 2, 1] == [*counted, delivery.take(record(3))]


class TestGiveUp:
    def test_what_waits_is_lost(self, deliver: Deliver, caplog: pytest.LogCaptureFixture) -> None:
        """The spans that nobody will send are counted, and said at once."""
        delivery = deliver(InMemorySpanExporter)
        delivery.give_up(7, "no time")

        assert 7 == delivery.losses.total
        assert "7 span(s) were not sent to there (no time)" in caplog.messages[0]

    def test_what_was_taken_is_lost(self, deliver: Deliver, record: Make) -> None:
        """A batch that is still being filled is counted at once, and not again when it is sent in vain."""
        memory = InMemorySpanExporter()
        delivery = deliver(lambda: memory)
        delivery.take(record())
        delivery.give_up(0, "no time")
        lost = delivery.losses.total
        delivery.send()

        assert (1, 1, ()) == (lost, delivery.losses.total, memory.get_finished_spans())

    def test_nothing_is_sent_afterwards(self, deliver: Deliver, record: Make) -> None:
        """What comes later is lost, not sent."""
        memory = InMemorySpanExporter()
        delivery = deliver(lambda: memory)
        delivery.give_up(0, "no time")
        send(delivery, record())

        assert ((), 0, 1) == (memory.get_finished_spans(), delivery.sent, delivery.losses.total)

    def test_an_exporter_that_cannot_stop_harms_nobody(self, deliver: Deliver) -> None:
        """Its fault is reported, not raised."""
        delivery = deliver(Broken)
        delivery.connect()
        delivery.give_up(1, "no time")

        assert 1 == delivery.losses.total

    def test_what_is_on_its_way_is_counted_once(self, deliver: Deliver, record: Make) -> None:
        """Spans that are given up inside of `export()` are lost then, and not again when it returns."""
        found: list[Delivery] = []

        class Slow(Sizes):
            def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
                found[0].give_up(0, "no time")
                return super().export(spans)

        delivery = deliver(Slow)
        found.append(delivery)
        send(delivery, record(1), record(2))

        assert (0, 2) == (delivery.sent, delivery.losses.total)
