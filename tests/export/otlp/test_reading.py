from __future__ import annotations

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage  # type: ignore[import-untyped]
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsPartialSuccess, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from orchestrace.export.otlp.reading import number, partial_success, read, retry_delay, status


class TestPartialSuccess:
    @given(st.integers(-(2**63), 2**63 - 1), st.text(st.characters(exclude_categories=["Cs"])))
    def test_count_and_words_are_read(self, count: int, said: str) -> None:
        """Whatever the receiver writes there."""
        sent = ExportTraceServiceResponse(
            partial_success=ExportTracePartialSuccess(rejected_spans=count, error_message=said)
        )

        assert (count, said) == partial_success(sent.SerializeToString())

    def test_is_the_same_for_every_signal(self) -> None:
        """The fields have the same numbers."""
        sent = ExportLogsServiceResponse(partial_success=ExportLogsPartialSuccess(rejected_log_records=3))

        assert (3, "") == partial_success(sent.SerializeToString())

    def test_absence_is_a_whole_success(self) -> None:
        """An empty answer is the usual one."""
        assert (0, "") == partial_success(b"")


class TestStatus:
    def test_message_and_delay_are_read(self) -> None:
        """The delay is in a detail, among others."""
        sent = Status(code=8, message="slow down")
        info = RetryInfo()
        info.retry_delay.seconds, info.retry_delay.nanos = 2, 500_000_000
        for detail in (ErrorInfo(reason="x"), info):
            packed = AnyMessage()
            packed.Pack(detail)
            sent.details.append(packed)

        assert ("slow down", 2.5) == status(sent.SerializeToString())
        assert 2.5 == retry_delay(info.SerializeToString())

    def test_no_delay_is_none(self) -> None:
        """Most say nothing of it."""
        assert (("no", None), None) == (status(Status(message="no").SerializeToString()), retry_delay(b""))


class TestRead:
    @given(st.binary(max_size=60))
    def test_anything_is_read_or_refused(self, octets: bytes) -> None:
        """Bytes of anybody's end in fields or in one error."""
        try:
            fields = list(read(octets))
        except ValueError:
            return

        assert all(field > 0 for field, _ in fields)

    @pytest.mark.parametrize(
        "octets", [b"\x0a", b"\x0a\x05ab", b"\x80" * 11, b"\x0b\x00", b"\x02\x00", b"\x00\x00", b"<html>"]
    )
    def test_what_is_no_message_is_refused(self, octets: bytes) -> None:
        """Cut, endless, of a kind that there is not."""
        with pytest.raises(ValueError, match="at byte"):
            list(read(octets))

    def test_fields_of_a_fixed_size_are_passed_over(self) -> None:
        """Newer versions may have them."""
        assert 7 == number(b"\x39" + b"\0" * 8 + b"\x45" + b"\0" * 4 + b"\x08\x07", 1)
