from __future__ import annotations

import pytest
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from orchestrace.testing.otlp_reply import REQUESTS, Reply, refusal, response, signal_of


class TestResponse:
    @pytest.mark.parametrize(
        ("signal", "field"),
        [("traces", "rejected_spans"), ("metrics", "rejected_data_points"), ("logs", "rejected_log_records")],
    )
    def test_has_a_partial_success(self, signal: str, field: str) -> None:
        """Each signal has a name of its own for it."""
        answer = response(Reply(rejected=2, message="too old"), signal)

        assert (2, "too old") == (getattr(answer.partial_success, field), answer.partial_success.error_message)
        assert signal == signal_of(REQUESTS[signal]())

    def test_of_a_whole_success_is_empty(self) -> None:
        """As the collector's is."""
        assert b"" == response(Reply(), "traces").SerializeToString()


class TestRefusal:
    def test_says_when_to_come_back(self) -> None:
        """As a detail of the status."""
        status = Status.FromString(refusal(Reply(503, message="busy", retry_after=7), 14))
        info = RetryInfo()
        status.details[0].Unpack(info)

        assert (14, "busy", 7) == (status.code, status.message, info.retry_delay.seconds)
