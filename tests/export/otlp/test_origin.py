from __future__ import annotations

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from orchestrace.conventions import SCHEMA_URL
from orchestrace.export.otlp import encode_resource, encode_scope, schema_url


class TestEncodeResource:
    def test_attributes_and_schema_arrive(self) -> None:
        """It stands in a list of spans as the stock encoder puts it there."""
        sent = ResourceSpans.FromString(encode_resource({"service.name": "x", "n": 1}, "http://schema"))

        assert [("service.name", "x"), ("n", "")] == [
            (pair.key, pair.value.string_value) for pair in sent.resource.attributes
        ]
        assert "http://schema" == sent.schema_url

    def test_what_cannot_be_sent_is_mended_or_left_out(self) -> None:
        """Bytes of the environment that are no text do not keep the rest from arriving."""
        sent = ResourceSpans.FromString(encode_resource({"service.name": "caf\udce9", "odd": object(), "host": "here"}))

        assert ["caf\ufffd", "here"] == [pair.value.string_value for pair in sent.resource.attributes]

    def test_a_resource_is_there_though_it_is_empty(self) -> None:
        """As the stock encoder has it."""
        assert ResourceSpans.FromString(encode_resource({})).HasField("resource")


class TestEncodeScope:
    def test_name_and_version_arrive(self) -> None:
        """Both are text, mended like any."""
        sent = InstrumentationScope.FromString(encode_scope("s\ud800", "1"))

        assert ("s\ufffd", "1") == (sent.name, sent.version)

    def test_nothing_is_nothing(self) -> None:
        """Empty texts are not written."""
        assert b"" == encode_scope("", "")


class TestSchemaUrl:
    def test_is_ours_for_our_scope(self) -> None:
        """The schema's address is on our own records, and on nobody else's."""
        assert (SCHEMA_URL, "") == (schema_url("orchestrace"), schema_url("other"))
