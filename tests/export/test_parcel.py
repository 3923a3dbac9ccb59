from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from orchestrace.conventions import TRUNCATED
from orchestrace.export.otlp import request as as_request
from orchestrace.export.parcel import LARGEST_SPAN, Parcel, Wrapping
from orchestrace.records import EventRecord, LogRecord, MetricsRecord, SpanRecord
from orchestrace.testing.otlp_decoding import decode_logs, decode_resources, decode_spans

if TYPE_CHECKING:
    from tests.export.conftest import Shelf

Make = Callable[..., SpanRecord]

MIB = 1 << 20


@pytest.fixture
def wrapping(shelf: Shelf) -> Wrapping:
    """Make parcels of what waits on the shelf."""
    return Wrapping(shelf)


def sent(*parcels: Parcel) -> list[SpanRecord]:
    """Return what a receiver reads of parcels that are sent together."""
    return decode_spans(ExportTraceServiceRequest.FromString(as_request(parcels)))


def attributes(parcel: Parcel | None) -> Mapping[str, Any]:
    """Return what a receiver reads of one."""
    assert parcel is not None
    return sent(parcel)[0].attributes


class TestWrap:
    def test_a_span_arrives_as_it_is(self, wrapping: Wrapping, record: Make) -> None:
        """Under its key, with the resource of the process that wrote it and its own scope."""
        span = record(attributes={"a": 1}, scope="library", scope_version="2")
        parcel = wrapping.wrap(5, 7, span)
        message = ExportTraceServiceRequest.FromString(as_request([parcel]))

        assert 5 == parcel.key
        assert [span] == decode_spans(message)
        assert [{"service.name": "process 7"}] == decode_resources(message)

    def test_each_process_has_its_own_resource(self, wrapping: Wrapping, record: Make) -> None:
        """One forwarder sends for several processes; it asks and encodes once for each."""
        first, second, third = (wrapping.wrap(n, process, record(n)) for n, process in ((1, 7), (2, 8), (3, 7)))

        assert first.resource is third.resource
        assert first.resource != second.resource

    def test_a_log_record_arrives_as_it_is(self, wrapping: Wrapping) -> None:
        """With name, body, nested attributes, and the ids of its span."""
        log = LogRecord(5, 6, "gen_ai.x", {"a": [1]}, {"b": {"c": [True, None]}}, "ab" * 16, "cd" * 8, scope="library")
        body = as_request([wrapping.wrap(1, 7, log)])
        [read] = decode_logs(ExportLogsServiceRequest.FromString(body))

        assert ("gen_ai.x", 5, "ab" * 16, "cd" * 8) == (read.name, read.time, read.trace_id, read.span_id)
        assert ({"a": [1]}, {"b": {"c": [True, None]}}, "library") == (read.body, read.attributes, read.scope)

    def test_metrics_are_encoded_already(self, wrapping: Wrapping) -> None:
        """Their bytes go as they are."""
        assert b"encoded" == wrapping.wrap(1, 7, MetricsRecord(5, b"encoded")).body

    def test_an_id_that_is_none_is_an_error(self, wrapping: Wrapping, record: Make) -> None:
        """The only thing that cannot be sent at all."""
        with pytest.raises(ValueError, match="hexadecimal"):
            wrapping.wrap(1, 7, record(trace_id="none"))

    def test_twelve_megabytes_shrink_to_three(self, wrapping: Wrapping, record: Make) -> None:
        """What no collector would take becomes what each takes, and says what was cut; its neighbours are unchanged."""
        huge = record(2, attributes={"short": "s", "input": "x" * (12 * MIB), "count": 3})
        before, shrunk, after = (wrapping.wrap(n, 7, each) for n, each in enumerate((record(1), huge, record(3))))
        first, cut, last = sent(before, shrunk, after)

        assert MIB < len(shrunk.body) <= LARGEST_SPAN
        assert [record(1), record(3)] == [first, last]
        assert ("s", 3, ["input"]) == (cut.attributes["short"], cut.attributes["count"], cut.attributes[TRUNCATED])
        assert cut.attributes["input"] == huge.attributes["input"][: len(cut.attributes["input"])]


class TestShrunk:
    def test_what_fits_needs_nothing(self, wrapping: Wrapping, record: Make) -> None:
        """There is nothing to gain."""
        assert wrapping.wrap(1, 7, record(attributes={"a": "x" * 100})).shrunk() is None

    def test_keeps_its_key(self, wrapping: Wrapping, record: Make) -> None:
        """It is the same span for the outbox."""
        shrunk = wrapping.wrap(5, 7, record(attributes={"a": "x" * 10_000})).shrunk(5_000)

        assert shrunk is not None
        assert 5 == shrunk.key

    def test_the_longest_texts_are_cut_alone(self, wrapping: Wrapping, record: Make) -> None:
        """What is shorter stays whole."""
        cut = attributes(
            wrapping.wrap(1, 7, record(attributes={"a": "x" * 100_000, "b": "y" * 1_000, "c": ["z"] * 9})).shrunk(
                40_000
            )
        )

        assert ["a"] == cut[TRUNCATED]
        assert ("y" * 1_000, ["z"] * 9) == (cut["b"], cut["c"])

    @pytest.mark.parametrize(
        "document",
        [
            [{"role": "user", "parts": [{"type": "text", "content": "long " * 20_000}]}],
            {"a": ["b" * 50_000] * 3, "n": 1},
            [{"role": "user", "parts": [{"type": "text", "content": "é\n" * 9}]} for _ in range(3_000)],
        ],
    )
    def test_json_stays_json(self, wrapping: Wrapping, record: Make, document: object) -> None:
        """And of the same kind: a list of messages stays a list."""
        cut = attributes(wrapping.wrap(1, 7, record(attributes={"j": json.dumps(document)})).shrunk(30_000))

        assert type(document) is type(json.loads(cut["j"]))
        assert (["j"], True) == (cut[TRUNCATED], len(cut["j"]) <= 30_000)

    @pytest.mark.parametrize("text", ["{not json", "[1, 2", "{}" * 50_000], ids=["brace", "bracket", "two"])
    def test_what_only_begins_like_json_is_cut_as_text(self, wrapping: Wrapping, record: Make, text: str) -> None:
        """Its beginning is kept."""
        text = text.ljust(100_000, "x")
        cut = attributes(wrapping.wrap(1, 7, record(attributes={"t": text})).shrunk(30_000))

        assert 256 < len(cut["t"]) <= 30_000
        assert text.startswith(cut["t"])

    def test_letters_of_four_bytes_count_as_four(self, wrapping: Wrapping, record: Make) -> None:
        """Limits are of bytes."""
        shrunk = wrapping.wrap(1, 7, record(attributes={"a": "\U0001f600" * 20_000})).shrunk(30_000)

        assert shrunk is not None
        assert 7_000 < len(shrunk.body) <= 30_000

    def test_what_was_cut_before_is_told_with_it(self, wrapping: Wrapping, record: Make) -> None:
        """Each name once, those of the recording first."""
        names = {"a": "x" * 50_000, "b": "y" * 50_000, TRUNCATED: ["c", "a"]}

        assert ["c", "a", "b"] == attributes(wrapping.wrap(1, 7, record(attributes=names)).shrunk(30_000))[TRUNCATED]

    def test_it_can_be_shrunk_again(self, wrapping: Wrapping, record: Make) -> None:
        """For a receiver that takes less still."""
        once = wrapping.wrap(1, 7, record(attributes={"a": "x" * 100_000})).shrunk(50_000)
        assert once is not None
        twice = once.shrunk(5_000)

        assert twice is not None
        assert len(twice.body) <= 5_000
        assert ["a"] == attributes(twice)[TRUNCATED]

    def test_the_record_is_left_alone(self, wrapping: Wrapping, record: Make) -> None:
        """What the journal gave is not ours to change."""
        span = record(attributes={"a": "x" * 100_000})
        wrapping.wrap(1, 7, span).shrunk(5_000)

        assert {"a": "x" * 100_000} == span.attributes

    def test_what_is_large_elsewhere_is_shrunk_too(self, wrapping: Wrapping, record: Make) -> None:
        """The stack traces of its events, say."""
        span = record(events=[EventRecord("exception", 1, {"exception.stacktrace": "x" * 100_000})])
        shrunk = wrapping.wrap(1, 7, span).shrunk(5_000)

        assert shrunk is not None
        assert len(shrunk.body) <= 5_000
        assert ["exception.stacktrace"] == attributes(shrunk)[TRUNCATED]

    def test_what_has_no_room_for_its_ids_cannot_be(self, wrapping: Wrapping, record: Make) -> None:
        """It goes as it is, alone."""
        assert wrapping.wrap(1, 7, record(attributes={"a": "x" * 100})).shrunk(20) is None

    def test_a_log_record_is_shrunk_too(self, wrapping: Wrapping) -> None:
        """It would be refused, and of logs nothing is kept."""
        shrunk = wrapping.wrap(1, 7, LogRecord(1, 1, body="x" * 100_000)).shrunk(5_000)
        assert shrunk is not None
        [read] = decode_logs(ExportLogsServiceRequest.FromString(as_request([shrunk])))

        assert (["body"], True) == (read.attributes[TRUNCATED], 1_000 < len(read.body) < 5_000)

    def test_metrics_are_not(self, wrapping: Wrapping) -> None:
        """They go as they are, or not at all."""
        assert wrapping.wrap(1, 7, MetricsRecord(1, b"x" * 100_000)).shrunk(5_000) is None
