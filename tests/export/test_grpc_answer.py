from __future__ import annotations

import pytest
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]

from orchestrace.export.answer import Answer, Verdict
from orchestrace.export.grpc_answer import read_error
from orchestrace.testing.otlp_reply import Reply, refusal

SOON = ("grpc-status-details-bin", refusal(Reply(retry_after=7), 14))


def read(code: str, details: str = "", *metadata: tuple[str, str | bytes]) -> Answer:
    """Read an error of a call that had three seconds."""
    return read_error(code, details, metadata, 3.0)


class TestVerdict:
    @pytest.mark.parametrize(
        ("verdict", "codes"),
        [
            (Verdict.RETRY, ["UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "ABORTED", "OUT_OF_RANGE", "DATA_LOSS"]),
            (Verdict.TOO_LARGE, ["RESOURCE_EXHAUSTED"]),
            (Verdict.UNWELCOME, ["UNAUTHENTICATED", "PERMISSION_DENIED", "UNIMPLEMENTED"]),
            (Verdict.REFUSED, ["INVALID_ARGUMENT", "INTERNAL", "UNKNOWN", "FAILED_PRECONDITION", "NOT_FOUND"]),
        ],
        ids=lambda value: value.value if isinstance(value, Verdict) else "",
    )
    def test_is_that_of_the_code(self, verdict: Verdict, codes: list[str]) -> None:
        """What helps: to wait, to cut, to change a setting, or nothing."""
        assert {verdict} == {read(code).verdict for code in codes}

    @pytest.mark.parametrize(
        ("details", "verdict"),
        [
            ("Received message larger than max (5 vs. 4)", Verdict.TOO_LARGE),
            ("something", Verdict.TOO_LARGE),
            ("data refused due to high memory usage", Verdict.RETRY),
            ("rate limit exceeded", Verdict.RETRY),
        ],
    )
    def test_exhaustion_is_of_the_request_or_of_the_receiver(self, details: str, verdict: Verdict) -> None:
        """One is helped by cutting, the other by waiting."""
        assert verdict is read("RESOURCE_EXHAUSTED", details).verdict

    def test_a_receiver_that_says_when_is_only_busy(self) -> None:
        """As OTLP has it."""
        answer = read("RESOURCE_EXHAUSTED", "something", SOON)

        assert (Verdict.RETRY, 7.0) == (answer.verdict, answer.retry_after)

    @pytest.mark.parametrize("details", ["Stream removed", "Received RST_STREAM with error code 2"])
    def test_a_broken_connection_is_no_refusal(self, details: str) -> None:
        """GRPC calls it unknown, or an internal error."""
        assert Verdict.RETRY is read("UNKNOWN", details).verdict is read("INTERNAL", details).verdict

    @pytest.mark.parametrize(
        ("details", "verdict"),
        [
            ("Received http2 header with status: 413", Verdict.TOO_LARGE),
            ("Received http2 header with status: 500", Verdict.RETRY),
            ("Received http2 header with status: 520", Verdict.RETRY),
            ("Received http2 header with status: 301", Verdict.UNWELCOME),
            ("Received http2 header with status: 400", Verdict.UNWELCOME),
            ("No status received", Verdict.UNWELCOME),
        ],
    )
    def test_who_answers_in_http_is_not_the_receiver(self, details: str, verdict: Verdict) -> None:
        """A proxy, or a server that speaks no gRPC: that refuses no span, whatever gRPC makes of it."""
        assert verdict is read("UNKNOWN", details).verdict is read("INTERNAL", details).verdict

    def test_a_receiver_may_not_know_the_signal(self) -> None:
        """Then nothing of the kind need be sent again."""
        assert (True, False) == (read("UNIMPLEMENTED").is_unknown, read("UNAUTHENTICATED").is_unknown)


class TestReason:
    @pytest.mark.parametrize(
        ("code", "details", "said"),
        [
            ("INVALID_ARGUMENT", "bad span", "gRPC INVALID_ARGUMENT: bad span"),
            ("ABORTED", "", "gRPC ABORTED"),
            ("DEADLINE_EXCEEDED", "Deadline Exceeded", "no answer within 3 s"),
            ("UNAVAILABLE", "overloaded", "gRPC UNAVAILABLE: overloaded"),
            ("UNAVAILABLE", "ipv4:127.0.0.1:1: Failed to connect: Connection refused (111)", "connection refused"),
            ("UNAVAILABLE", "DNS resolution failed for x:1", "the host name cannot be resolved"),
        ],
    )
    def test_names_the_cause(self, code: str, details: str, said: str) -> None:
        """In the receiver's words, or in few of ours where there was none."""
        assert said == read(code, details).reason


class TestRetryAfter:
    def test_both_places_are_read(self) -> None:
        """Where OTLP says it stands, and where the stock exporter looks."""
        info = RetryInfo()
        info.retry_delay.nanos = 500_000_000
        alone = ("google.rpc.retryinfo-bin", info.SerializeToString())

        assert (7.0, 0.5) == (read("UNAVAILABLE", "", SOON).retry_after, read("UNAVAILABLE", "", alone).retry_after)

    @pytest.mark.parametrize("metadata", [(), (("grpc-status-details-bin", b"\x0a"),), (("x", "y"),)])
    def test_what_cannot_be_read_says_nothing(self, metadata: tuple[tuple[str, str | bytes], ...]) -> None:
        """It costs no answer."""
        assert read("UNAVAILABLE", "", *metadata).retry_after is None


class TestCut:
    @pytest.mark.parametrize(
        ("details", "cut"),
        [
            ("Socket closed", True),
            ("recvmsg:Connection reset by peer", True),
            ("failed to connect to all addresses; last error: UNKNOWN: Connection reset by peer", False),
            ("overloaded", False),
        ],
    )
    def test_says_that_a_connection_broke_that_was_there(self, details: str, *, cut: bool) -> None:
        """Then the request may have been what broke it."""
        assert cut == read("UNAVAILABLE", details).is_cut
