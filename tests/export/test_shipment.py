from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from orchestrace.conventions import TRUNCATED
from orchestrace.export.complaint import Complaint
from orchestrace.export.receiver import resolve
from orchestrace.export.shipment import Shipment
from orchestrace.records import LogRecord, MetricsRecord, SpanRecord
from orchestrace.testing.otlp import OtlpReceiver, Received, Reply
from orchestrace.testing.otlp_decoding import decode_spans

if TYPE_CHECKING:
    from tests.export.conftest import Shelf

Make = Callable[..., SpanRecord]
Ship = Callable[..., Shipment]

KIB, MIB = 1 << 10, 1 << 20


@pytest.fixture
def ship(receiver: OtlpReceiver) -> Iterator[Ship]:
    """Make the way of a signal to the receiver, and close it after the test."""
    made: list[Shipment] = []

    def one(signal: str = "traces", count: int = 512) -> Shipment:
        found = resolve(endpoint=receiver.endpoint)
        assert found is not None
        made.append(Shipment(found.targets[signal], Complaint(found.destination), count))
        return made[-1]

    yield one
    for shipment in made:
        shipment.close()


def empty(shipment: Shipment, shelf: Shelf) -> None:
    """Ship until there is nothing more to do now."""
    for _ in range(100):
        if not shipment.ship(shelf):
            return
    pytest.fail("there is no end to it")


def sizes(receiver: OtlpReceiver) -> list[int]:
    """Return how many spans each request had, refused ones too."""
    return [
        sum(len(scoped.spans) for sent in request.message.resource_spans for scoped in sent.scope_spans)
        for request in receiver.requests
    ]


def refusing(*names: str, status: int = 400) -> Callable[[Received], Reply]:
    """Refuse every request with one of these spans."""
    return lambda request: Reply(status, message="bad span") if {s.name for s in request.spans} & {*names} else Reply()


def taking(limit: int) -> Callable[[Received], Reply]:
    """Refuse, as too large, every request with a span whose texts have more than `limit` characters."""

    def decide(request: Received) -> Reply:
        longest = max(len(str(span.attributes)) for span in request.spans)
        return Reply(413, message="message larger than max") if longest > limit else Reply()

    return decide


class Cutting(ThreadingHTTPServer):
    """A receiver that breaks the connection, without a word, of whoever sends more than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(("127.0.0.1", 0), CuttingHandler)
        self.limit = limit
        self.cuts = 0
        self.spans: list[SpanRecord] = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let nobody in any more."""
        self.shutdown()
        self._thread.join()
        self.server_close()


class CuttingHandler(BaseHTTPRequestHandler):
    server: Cutting

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        if length > self.server.limit:
            self.server.cuts += 1
            # Closed so, it is reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        self.server.spans += decode_spans(ExportTraceServiceRequest.FromString(self.rfile.read(length)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class TestShip:
    def test_nothing_waits(self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver) -> None:
        """Then nothing is sent."""
        assert ship().ship(shelf) is False
        assert [] == receiver.requests

    def test_what_waits_arrives_in_order(self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make) -> None:
        """Every span once, in as few requests as the count allows, and each is noted as delivered."""
        shelf.put(*(record(number) for number in range(1, 11)))
        empty(ship(count=4), shelf)

        assert [f"span {number}" for number in range(1, 11)] == [span.name for span in receiver.spans]
        assert ([4, 4, 2], [*range(1, 11)]) == (sizes(receiver), shelf.arrived)

    def test_requests_are_cut_by_bytes(self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make) -> None:
        """No request is larger than what a gRPC receiver takes."""
        shelf.put(*(record(number, attributes={"x": "x" * MIB}) for number in range(1, 8)))
        empty(ship(), shelf)

        assert ([3, 3, 1], 7) == (sizes(receiver), len(shelf.arrived))
        assert all(request.size < 3.5 * MIB for request in receiver.requests)

    def test_an_odd_record_costs_no_other(self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make) -> None:
        """What is no span is set aside with its fault as the reason; its neighbours arrive."""
        shelf.put(record(1), record(2, trace_id="none"), record(3))
        empty(ship(), shelf)

        assert ["span 1", "span 3"] == [span.name for span in receiver.spans]
        assert ([1, 3], [2]) == (shelf.arrived, [*shelf.aside])
        assert shelf.aside[2].startswith("ValueError: ")

    def test_nothing_but_odd_records(self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make) -> None:
        """Makes no empty request."""
        shelf.put(record(trace_id="none"))
        empty(ship(), shelf)

        assert ([1], []) == ([*shelf.aside], receiver.requests)

    def test_each_signal_has_its_own_way(self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver) -> None:
        """Log records and metrics arrive as they are, and are noted under their own signal."""
        metrics = ExportMetricsServiceRequest()
        metric = metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
        metric.sum.data_points.add(as_int=3)
        data = metrics.SerializeToString()
        shelf.put(LogRecord(5, 6, "first"), LogRecord(5, 6, "second"), signal="logs")
        shelf.put(MetricsRecord(5, data), MetricsRecord(6, data), signal="metrics")
        for signal in ("logs", "metrics"):
            empty(ship(signal), shelf)

        assert ["first", "second"] == [log.name for log in receiver.logs]
        assert [("m", 3), ("m", 3)] == [(point.metric, point.value) for point in receiver.metrics]
        assert (["logs", "metrics"], [1, 2, 3, 4]) == (receiver.asked, shelf.arrived)


class TestRefusal:
    @pytest.mark.parametrize("bad", [1, 37, 64])
    def test_one_bad_span_is_found(
        self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make, bad: int
    ) -> None:
        """A refused batch is halved until the bad span stands alone; that is set aside, the others arrive in order."""
        receiver.reply = refusing(f"span {bad}")
        shelf.put(*(record(number) for number in range(1, 65)))
        empty(ship(), shelf)

        others = [number for number in range(1, 65) if number != bad]
        assert [f"span {number}" for number in others] == [span.name for span in receiver.spans]
        assert (others, [bad]) == (shelf.arrived, [*shelf.aside])
        assert "bad span" in shelf.aside[bad]
        assert len(receiver.requests) <= 2 * 6 + 1

    def test_two_bad_ones_beside_each_other(
        self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Both, and no others; the log has one line about it."""
        receiver.reply = refusing("span 8", "span 9")
        shelf.put(*(record(number) for number in range(1, 17)))
        empty(ship(), shelf)

        assert ([8, 9], 14) == ([*shelf.aside], len(shelf.arrived))
        assert 1 == len(caplog.messages)
        assert "were set aside" in caplog.messages[0]

    def test_a_receiver_that_refuses_everything_is_not_asked_for_each_span(
        self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make
    ) -> None:
        """After two dozen refusals in a row it is the receiver: what follows is set aside whole."""
        receiver.reply = Reply(400)
        shelf.put(*(record(number) for number in range(1, 1_025)))
        shipment = ship()
        empty(shipment, shelf)

        assert (1_024, []) == (len(shelf.aside), shelf.arrived)
        # Two dozen were halved; each left one half more to be asked for, and the second batch was one request.
        assert len(receiver.requests) <= 2 * 24 + 2
        assert 512 == sizes(receiver)[-1]

    def test_a_receiver_that_comes_to_its_senses_is_believed(
        self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make
    ) -> None:
        """After something has arrived a refusal is a single span's again."""
        shipment = ship()
        receiver.reply = Reply(400)
        shelf.put(*(record(number) for number in range(1, 65)))
        empty(shipment, shelf)
        receiver.reply = refusing("span 67")
        shelf.put(record(65))
        empty(shipment, shelf)
        shelf.put(*(record(number) for number in range(66, 70)))
        empty(shipment, shelf)

        assert ([65, 66, 68, 69], 65) == (shelf.arrived, len(shelf.aside))

    def test_part_of_a_request(
        self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A partial success is counted: it does not say which, so the number is right, and the words are theirs."""
        receiver.reply = Reply(rejected=2, message="too old")
        shelf.put(*(record(number) for number in range(1, 6)))
        empty(ship(), shelf)

        assert ([1, 2, 3], [4, 5]) == (shelf.arrived, [*shelf.aside])
        assert {"2 of 5 rejected: too old"} == {*shelf.aside.values()}
        assert "too old" in caplog.messages[0]
        assert 1 == len(receiver.requests)

    def test_a_warning_is_no_refusal(self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make) -> None:
        """A partial success that rejected nothing has only something to say."""
        receiver.reply = Reply(message="slow down, please")
        shelf.put(record())
        empty(ship(), shelf)

        assert ([1], {}) == (shelf.arrived, shelf.aside)

    def test_more_than_were_sent(self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make) -> None:
        """A receiver that cannot count costs the spans of this request, and no others."""
        receiver.reply = Reply(rejected=9)
        shelf.put(record())
        empty(ship(), shelf)

        assert ([], {1: "1 of 1 rejected: no reason given"}) == (shelf.arrived, shelf.aside)


class TestTooLarge:
    def test_is_sent_in_halves(self, ship: Ship, shelf: Shelf, record: Make, receiver: OtlpReceiver) -> None:
        """A receiver that takes three spans at once gets all of them, however often it has to be asked."""
        receiver.reply = lambda request: Reply(413) if len(request.spans) > 3 else Reply()
        shelf.put(*(record(number) for number in range(1, 129)))
        empty(ship(), shelf)

        assert ([*range(1, 129)], {}) == (shelf.arrived, shelf.aside)
        assert [f"span {number}" for number in range(1, 129)] == [span.name for span in receiver.spans]

    def test_says_nothing_about_the_receiver(
        self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make
    ) -> None:
        """However many spans in a row are too large, the one after them is asked for by itself."""
        receiver.reply = lambda request: Reply() if ["span 64"] == [s.name for s in request.spans] else Reply(413)
        shelf.put(*(record(number) for number in range(1, 65)))
        empty(ship(), shelf)

        assert ([64], 63) == (shelf.arrived, len(shelf.aside))

    def test_a_span_alone_is_shrunk(self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make) -> None:
        """Until it fits: its JSON stays valid, its short texts whole, and it says what was cut."""
        receiver.reply = taking(300 * KIB)
        document = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "long " * 400_000}]}])
        shelf.put(record(1), record(2, attributes={"input": document, "short": "s"}), record(3))
        empty(ship(), shelf)
        first, shrunk, last = receiver.spans

        assert ([1, 2, 3], {}) == (shelf.arrived, shelf.aside)
        assert (["span 1", "span 3"], "s") == ([first.name, last.name], shrunk.attributes["short"])
        assert ["input"] == shrunk.attributes[TRUNCATED]
        assert "user" == json.loads(str(shrunk.attributes["input"]))[0]["role"]

    def test_what_cannot_be_shrunk_is_set_aside(
        self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make
    ) -> None:
        """A receiver that takes nothing that small is not asked for ever; the neighbours arrive."""
        receiver.reply = refusing("span 2", status=413)
        shelf.put(record(1), record(2, attributes={"x": "x" * (2 * MIB)}), record(3))
        empty(ship(), shelf)

        assert ([1, 3], [2]) == (shelf.arrived, [*shelf.aside])
        # Together; the first alone; two and three; the second whole, at 1 MiB, 256 KiB and 64 KiB; the third.
        assert [3, 1, 2, 1, 1, 1, 1, 1] == sizes(receiver)

    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    def test_as_a_collector_says_it(
        self, shelf: Shelf, record: Make, monkeypatch: pytest.MonkeyPatch, protocol: str
    ) -> None:
        """Status 400 and RESOURCE_EXHAUSTED with its words are no refusal of the spans."""
        shelf.put(*(record(number, attributes={"x": "x" * 40 * KIB}) for number in range(1, 6)))
        with OtlpReceiver(protocol, limit=100 * KIB) as small:
            found = resolve(endpoint=small.endpoint, protocol=protocol)
            assert found is not None
            shipment = Shipment(found.targets["traces"], Complaint(found.destination), 512)
            empty(shipment, shelf)
            shipment.close()

        assert ([1, 2, 3, 4, 5], {}, 5) == (shelf.arrived, shelf.aside, len(small.spans))


class TestFull:
    def test_more_may_wait_where_a_batch_was_full(self, ship: Ship, shelf: Shelf, record: Make) -> None:
        """As many as go together, or about as many bytes; what is less has been all."""
        shipment, found = ship(count=2), []
        for records in ([record(1)], [record(2), record(3)], [record(4)], [record(5, attributes={"x": "x" * 2 * MIB})]):
            shelf.put(*records)
            shipment.ship(shelf)
            found.append(shipment.is_full)

        assert [False, True, False, True] == found


class TestLater:
    @pytest.mark.parametrize("status", [401, 403, 404, 503, 504])
    def test_everything_is_kept(  # noqa: PLR0913, PLR0917 - fixtures
        self,
        ship: Ship,
        shelf: Shelf,
        receiver: OtlpReceiver,
        record: Make,
        status: int,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """What the receiver may take later, or once somebody has put a setting right, waits; one line says so."""
        receiver.reply = Reply(status)
        shelf.put(*(record(number) for number in range(1, 9)))
        shipment = ship(count=4)
        first, second = shipment.ship(shelf), shipment.ship(shelf)

        assert (False, False, 1) == (first, second, len(receiver.requests))
        assert (8, {}, []) == (len(shelf.waits), shelf.aside, shelf.discarded)
        assert 0 < shipment.backoff.seconds <= 1
        assert 1 == len(caplog.messages)
        assert "They are kept" in caplog.messages[0]

    def test_it_is_taken_up_where_it_stopped(
        self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What arrived before the failure is not sent again, and all of it arrives in order."""
        receiver.reply = lambda request: Reply(503) if request.spans[0].name == "span 5" else Reply()
        shelf.put(*(record(number) for number in range(1, 13)))
        shipment = ship(count=4)
        for _ in range(3):
            empty(shipment, shelf)
            shipment.backoff.hurry()
        between = [*shelf.arrived]
        receiver.reply = Reply()
        empty(shipment, shelf)
        receiver.reply = Reply(503)
        shelf.put(record(13))
        empty(shipment, shelf)

        assert 0 < shipment.backoff.seconds <= 1, "a first failure again"
        assert ([1, 2, 3, 4], [*range(1, 13)], []) == (between, shelf.arrived, receiver.twice)
        assert [f"span {number}" for number in range(1, 13)] == [span.name for span in receiver.spans]
        assert 1 == len(caplog.messages)

    def test_in_the_middle_of_a_refused_batch(
        self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make
    ) -> None:
        """What was not reached stays; what was found bad is not asked for again."""

        def decide(request: Received) -> Reply:
            names = {span.name for span in request.spans}
            return Reply(400) if "span 1" in names else Reply(503) if "span 2" in names else Reply()

        receiver.reply = decide
        shelf.put(*(record(number) for number in range(1, 5)))
        shipment = ship()
        empty(shipment, shelf)
        between = [*shelf.aside], [*shelf.waits]
        receiver.reply = Reply()
        shipment.backoff.hurry()
        empty(shipment, shelf)

        assert (([1], [2, 3, 4]), [2, 3, 4]) == (between, shelf.arrived)

    def test_what_the_receiver_asks_for_is_waited_for(
        self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make
    ) -> None:
        """Retry-After, or a RetryInfo over gRPC; whoever is in a hurry does not override it."""
        receiver.reply = Reply(503, retry_after=120)
        shelf.put(record())
        shipment = ship()
        shipment.ship(shelf)
        shipment.backoff.hurry()
        shipment.ship(shelf)

        assert 110 < shipment.backoff.seconds <= 120
        assert 1 == len(receiver.requests)

    def test_nobody_listens(self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make) -> None:
        """Everything is kept, and arrives when somebody does."""
        receiver.stop()
        shelf.put(record())
        shipment = ship()
        empty(shipment, shelf)
        kept = len(shelf.waits)
        receiver.start()
        # A channel of gRPC has its own pause before it connects again.
        for _ in range(50):
            shipment.backoff.hurry()
            empty(shipment, shelf)
            if shelf.wait(lambda it: bool(it.arrived), 0.1):
                break

        assert (1, [1]) == (kept, shelf.arrived)


class TestCut:
    def test_who_breaks_off_what_is_large_gets_less(self, shelf: Shelf, record: Make) -> None:
        """There is nothing to be read, and what waits would wait for ever; what is too large alone is made smaller."""
        server = Cutting(100 * KIB)
        found = resolve(endpoint=f"http://127.0.0.1:{server.server_port}")
        assert found is not None
        shipment = Shipment(found.targets["traces"], Complaint(found.destination), 512)
        shelf.put(*(record(n, attributes={"x": "x" * 2 * KIB}) for n in range(1, 101)))
        shelf.put(record(101, attributes={"x": "x" * MIB}), record(102))
        for _ in range(50):
            shipment.backoff.hurry()
            empty(shipment, shelf)
        shipment.close()
        server.stop()

        assert ([*range(1, 103)], {}) == (shelf.arrived, shelf.aside)
        assert [f"span {n}" for n in range(1, 103)] == [span.name for span in server.spans]
        assert [101] == [n for n, span in enumerate(server.spans, 1) if TRUNCATED in span.attributes]
        assert 5 < server.cuts < 30


class TestUnknown:
    @pytest.mark.parametrize(
        ("signal", "log"), [("logs", LogRecord(5, 6, "e")), ("metrics", MetricsRecord(5, b""))], ids=["logs", "metrics"]
    )
    def test_signal_is_left_out(  # noqa: PLR0913, PLR0917 - fixtures
        self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, signal: str, log: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """As Jaeger does not know it: one request, one line, and nothing waits any more, now or later."""
        receiver._signals = frozenset({"traces"})
        shipment = ship(signal)
        for _ in range(3):
            shelf.put(log, signal=signal)
            empty(shipment, shelf)

        assert ([signal], {}, {}) == (receiver.asked, shelf.waits, shelf.aside)
        assert {signal} == {*shelf.discarded}
        assert 1 == len(caplog.messages)
        assert "which does not know them" in caplog.messages[0]

    def test_an_outage_is_something_else(self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver) -> None:
        """A receiver that only fails gets it later."""
        receiver.reply = Reply(503)
        shipment = ship("logs")
        shelf.put(LogRecord(5, 6, "e"), signal="logs")
        empty(shipment, shelf)
        receiver.reply = Reply()
        shipment.backoff.hurry()
        empty(shipment, shelf)

        assert ([1], []) == (shelf.arrived, shelf.discarded)


class TestClose:
    def test_it_connects_again(self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make) -> None:
        """Closing ends a connection, not the way."""
        shipment = ship()
        shelf.put(record(1))
        empty(shipment, shelf)
        shipment.close()
        shipment.close()
        shelf.put(record(2))
        empty(shipment, shelf)

        assert [1, 2] == shelf.arrived

    def test_forgetting_gives_the_connection_to_whoever_keeps_it(
        self, ship: Ship, shelf: Shelf, receiver: OtlpReceiver, record: Make
    ) -> None:
        """It is a parent's: it stays open, and is not used here again."""
        shipment = ship()
        shelf.put(record(1))
        empty(shipment, shelf)
        kept: Any = shipment.forget()
        shelf.put(record(2))
        empty(shipment, shelf)
        kept.close()

        assert ([1, 2], None) == (shelf.arrived, Shipment.forget(ship()))
