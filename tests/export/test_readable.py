from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource

from orchestrace.conventions import SCHEMA_URL
from orchestrace.export.readable import readable, sendable
from orchestrace.records import EventRecord, LinkRecord, SpanRecord
from orchestrace.testing.otlp_decoding import decode_resources, decode_spans

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
PARENT = "00f067aa0ba902b7"
RESOURCE = Resource({"service.name": "sourcing"})


def sent(*records: SpanRecord, resource: Resource = RESOURCE) -> ExportTraceServiceRequest:
    """Return what a receiver reads when the stock encoder has written `records`."""
    message = encode_spans([readable(record, resource) for record in records])
    return ExportTraceServiceRequest.FromString(message.SerializeToString())


def hexadecimal(size: int) -> st.SearchStrategy[str]:
    """Draw an id of `size` bytes."""
    return st.binary(min_size=size, max_size=size).map(bytes.hex)


CLEAN = st.text(st.characters(exclude_categories=["Cs"]))
ANY_TEXT = st.text(st.characters())
NAME = st.text(string.ascii_letters + "._ é", min_size=1)
NUMBER = st.integers(-(2**63), 2**63 - 1)
FRACTION = st.floats(allow_nan=False)
LEGAL = st.one_of(
    CLEAN,
    st.booleans(),
    NUMBER,
    FRACTION,
    st.lists(CLEAN),
    st.lists(st.booleans()),
    st.lists(NUMBER),
    st.lists(FRACTION),
)
ILLEGAL = st.one_of(
    st.none(),
    st.binary(),
    st.integers(min_value=2**63),
    st.dictionaries(CLEAN, CLEAN),
    st.lists(st.none(), min_size=1),
    st.builds(object),
)
TIME = st.integers(0, 2**64 - 1)


def records(
    text: st.SearchStrategy[str],
    value: st.SearchStrategy[Any],
    name: st.SearchStrategy[Any],
    time: st.SearchStrategy[int],
) -> st.SearchStrategy[SpanRecord]:
    """Draw records whose texts, attributes and times are of the given kinds."""
    attributes = st.dictionaries(name, value, max_size=5)
    return st.builds(
        SpanRecord,
        trace_id=hexadecimal(16),
        span_id=hexadecimal(8),
        parent_id=st.none() | hexadecimal(8),
        name=text,
        kind=st.integers(0, 4),
        start=time,
        end=time.filter(bool),
        status=st.sampled_from(["UNSET", "OK"]),
        attributes=attributes,
        events=st.lists(st.builds(EventRecord, text, time, attributes), max_size=3),
        links=st.lists(st.builds(LinkRecord, hexadecimal(16), hexadecimal(8), attributes), max_size=3),
        scope=text,
        scope_version=text,
        trace_state=st.sampled_from(["", "vendor=value", "a=1,b=2"]),
    )


class TestReadable:
    def test_a_whole_record_arrives(self) -> None:
        """Every field of a record is in what a receiver reads."""
        record = SpanRecord(
            TRACE,
            SPAN,
            PARENT,
            "chat gpt-4o",
            kind=2,
            start=1_000,
            end=3_000,
            status="ERROR",
            status_message="rate limit",
            attributes={"text": "é", "yes": True, "count": -3, "score": 0.5, "words": ["a", "b"]},
            events=[EventRecord("exception", 2_000, {"exception.message": "no"})],
            links=[LinkRecord(TRACE, PARENT, {"kind": "follows"})],
            scope="orchestrace",
            scope_version="0.1",
            trace_state="vendor=value",
        )

        assert [record] == decode_spans(sent(record))

    @settings(deadline=None)
    @given(records(CLEAN, LEGAL, NAME, TIME))
    def test_legal_records_arrive_as_they_are(self, record: SpanRecord) -> None:
        """Nothing is changed in a record that OTLP can carry."""
        assert [record] == decode_spans(sent(record))

    @settings(deadline=None)
    @given(st.lists(records(ANY_TEXT, LEGAL | ANY_TEXT | ILLEGAL, ANY_TEXT | st.integers(), st.integers()), max_size=3))
    def test_anything_can_be_encoded(self, batch: list[SpanRecord]) -> None:
        """Whatever stands in the records, the stock encoder reads each of them without an error."""
        arrived = [record.span_id for record in decode_spans(sent(*batch))]

        assert sorted(record.span_id for record in batch) == sorted(arrived)

    @settings(deadline=None)
    @given(st.dictionaries(NAME, LEGAL), st.dictionaries(NAME.map("odd {}".format), ILLEGAL))
    def test_illegal_values_cost_nothing_else(self, legal: dict[str, Any], illegal: dict[str, Any]) -> None:
        """An attribute that OTLP cannot carry is left out, its neighbours arrive."""
        record = SpanRecord(TRACE, SPAN, None, "odd", 0, 1, 2, attributes=illegal | legal)

        assert legal == decode_spans(sent(record))[0].attributes

    def test_lone_surrogates_are_replaced_everywhere(self) -> None:
        """Half a character becomes one U+FFFD, in whatever text of the span it stands."""
        record = SpanRecord(
            TRACE,
            SPAN,
            None,
            "a\ud800",
            0,
            1,
            2,
            status="ERROR",
            status_message="b\udfff",
            attributes={"k\ud800": "v\udc00!", "list": ["\ud800\ud800"]},
            events=[EventRecord("e\ud800", 1, {"exception.message": "\udcff"})],
            links=[LinkRecord(TRACE, PARENT, {"l": "\ud800"})],
            scope="s\ud800",
            scope_version="\ud800",
        )
        arrived = decode_spans(sent(record))[0]

        assert ("a\ufffd", "b\ufffd") == (arrived.name, arrived.status_message)
        assert {"k\ufffd": "v\ufffd!", "list": ["\ufffd\ufffd"]} == arrived.attributes
        assert [EventRecord("e\ufffd", 1, {"exception.message": "\ufffd"})] == arrived.events
        assert {"l": "\ufffd"} == arrived.links[0].attributes
        assert ("s\ufffd", "\ufffd") == (arrived.scope, arrived.scope_version)

    def test_halves_that_belong_together_become_the_character(self) -> None:
        """A pair of surrogates is a character that was escaped in JSON."""
        record = SpanRecord(TRACE, SPAN, None, "\ud83d\ude00", 0, 1, 2)

        assert "\U0001f600" == decode_spans(sent(record))[0].name

    def test_nul_is_kept(self) -> None:
        """A zero character is a character."""
        record = SpanRecord(TRACE, SPAN, None, "a\0b", 0, 1, 2, attributes={"k": "\0"})
        arrived = decode_spans(sent(record))[0]

        assert ("a\0b", {"k": "\0"}) == (arrived.name, arrived.attributes)

    @pytest.mark.parametrize(("scope", "url"), [("orchestrace", SCHEMA_URL), ("other", "")])
    def test_our_scope_has_a_schema(self, scope: str, url: str) -> None:
        """The schema's address is on our own spans, and on nobody else's."""
        message = sent(SpanRecord(TRACE, SPAN, None, "x", 0, 1, 2, scope=scope))

        assert url == message.resource_spans[0].scope_spans[0].schema_url

    @pytest.mark.parametrize("sampled", [True, False])
    def test_the_flag_is_kept(self, sampled: bool) -> None:  # noqa: FBT001 - a parameter of the test
        """The context says whether the span was sampled."""
        context = readable(SpanRecord(TRACE, SPAN, None, "x", 0, 1, 2, sampled=sampled), RESOURCE).get_span_context()

        assert context is not None
        assert sampled == context.trace_flags.sampled

    def test_a_running_span_has_no_end(self) -> None:
        """An end that is not known is absent."""
        assert decode_spans(sent(SpanRecord(TRACE, SPAN, None, "x", 0, 1)))[0].end is None

    @pytest.mark.parametrize(("said", "arrives"), [("OK", None), ("UNSET", None), ("ERROR", "why"), ("ODD", None)])
    def test_only_errors_have_a_description(
        self, said: str, arrives: str | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        """OpenTelemetry knows a status message of errors alone; for others the SDK is not even asked."""
        record = SpanRecord(TRACE, SPAN, None, "x", 0, 1, 2, status=said, status_message="why")

        assert arrives == decode_spans(sent(record))[0].status_message
        assert [] == caplog.messages

    @pytest.mark.parametrize("trace_id", ["", "0a", "x" * 32, TRACE + "00", "-" + TRACE[1:]])
    def test_a_wrong_id_is_refused(self, trace_id: str) -> None:
        """An id that is none raises here, not in the encoder, where it would cost the batch."""
        with pytest.raises(ValueError, match=r"no id|hexadecimal"):
            readable(SpanRecord(trace_id, SPAN, None, "x", 0, 1, 2), RESOURCE)


class TestSendable:
    def test_resources_are_made_sendable(self, record: Callable[..., SpanRecord]) -> None:
        """What came from undecodable bytes of the environment does not keep the rest from arriving."""
        resource = sendable(Resource({"service.name": "caf\udce9", "host": "here"}))

        assert [{"service.name": "caf\ufffd", "host": "here"}] == decode_resources(sent(record(), resource=resource))
