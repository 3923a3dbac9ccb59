from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from orchestrace.export.answer import Answer, Verdict
from orchestrace.export.http_answer import read_answer

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json; charset=utf-8"}
HTML = {"content-type": "text/html; charset=utf-8"}


class TestVerdict:
    @pytest.mark.parametrize(
        ("verdict", "codes"),
        [
            (Verdict.ACCEPTED, [200, 202, 204]),
            (Verdict.RETRY, [408, 429, 502, 503, 504, 520, 522, 524, 529]),
            (Verdict.TOO_LARGE, [413]),
            (Verdict.UNWELCOME, [101, 301, 302, 304, 307, 308, 401, 403, 404, 405, 407, 415, 501, 600, 999]),
            (Verdict.REFUSED, [400, 409, 422, 500, 599]),
        ],
        ids=lambda value: value.value if isinstance(value, Verdict) else "",
    )
    def test_is_that_of_the_status(self, verdict: Verdict, codes: list[int]) -> None:
        """What helps: to wait, to cut, to change a setting, or nothing."""
        assert {verdict} == {read_answer(code, {}, b"").verdict for code in codes}

    @pytest.mark.parametrize("code", [404, 405, 501])
    def test_a_receiver_may_not_know_the_signal(self, code: int) -> None:
        """Then nothing of the kind need be sent again."""
        assert read_answer(code, {}, b"").is_unknown
        assert not read_answer(401, {}, b"").is_unknown

    def test_the_collector_calls_too_large_a_bad_request(self) -> None:
        """It says so in words alone."""
        body = Status(code=3, message="http: request body too large").SerializeToString()

        assert Answer(Verdict.TOO_LARGE, "HTTP 400 Bad Request: http: request body too large") == read_answer(
            400, PROTOBUF, body
        )


class TestAccepted:
    def test_a_partial_success_is_read(self) -> None:
        """How many were rejected, and why."""
        said = ExportTracePartialSuccess(rejected_spans=2, error_message="too old")
        body = ExportTraceServiceResponse(partial_success=said).SerializeToString()

        assert Answer(Verdict.ACCEPTED, "too old", rejected=2) == read_answer(200, PROTOBUF, body)

    @pytest.mark.parametrize(
        ("said", "rejected", "reason"),
        [
            ({}, 0, ""),
            ({"partialSuccess": {}}, 0, ""),
            ({"partialSuccess": {"rejectedLogRecords": "3", "errorMessage": "no"}}, 3, "no"),
            ({"partialSuccess": {"errorMessage": "a warning"}}, 0, "a warning"),
        ],
    )
    def test_in_json_as_well(self, said: object, rejected: int, reason: str) -> None:
        """Some answer so, whatever they were sent."""
        assert Answer(Verdict.ACCEPTED, reason, rejected) == read_answer(200, JSON, json.dumps(said).encode())

    @pytest.mark.parametrize(
        ("headers", "body"),
        [({}, b""), ({}, b"OK"), (JSON, b"{"), (JSON, b"[]"), (JSON, b"[" * 60_000), (PROTOBUF, b"OK")],
    )
    def test_anything_else_says_that_all_is_well(self, headers: dict[str, str], body: bytes) -> None:
        """A status of success stands for itself."""
        assert Answer(Verdict.ACCEPTED) == read_answer(200, headers, body)

    @pytest.mark.parametrize(("headers", "body"), [(HTML, b""), ({}, b"\n<!DOCTYPE html><html>")])
    def test_a_web_page_is_no_answer(self, headers: dict[str, str], body: bytes) -> None:
        """A login page says 200 to everything, and keeps nothing."""
        answer = read_answer(200, headers, body)

        assert Verdict.UNWELCOME is answer.verdict
        assert "HTTP 200 OK with a web page" in answer.reason


class TestReason:
    @pytest.mark.parametrize(
        ("headers", "body", "said"),
        [
            ({}, b"", "HTTP 400 Bad Request"),
            ({}, b" no\nnever ", "HTTP 400 Bad Request: no never"),
            (PROTOBUF, Status(message="bad span").SerializeToString(), "HTTP 400 Bad Request: bad span"),
            (PROTOBUF, b"text", "HTTP 400 Bad Request: text"),
            (JSON, b'{"message": "bad span"}', "HTTP 400 Bad Request: bad span"),
            (JSON, b"[[", "HTTP 400 Bad Request: [["),
            (JSON, b'{"error": "bad span"}', 'HTTP 400 Bad Request: {"error": "bad span"}'),
            (HTML, b"<html>...", "HTTP 400 Bad Request: a web page"),
        ],
    )
    def test_has_the_receivers_words(self, headers: dict[str, str], body: bytes, said: str) -> None:
        """However they are wrapped."""
        assert said == read_answer(400, headers, body).reason

    def test_whatever_is_said(self) -> None:
        """Nothing in an answer is a fault of ours."""
        assert read_answer(400, JSON, b"[" * 60_000).reason.startswith("HTTP 400 Bad Request: [[[")

    def test_names_a_status_that_nobody_knows(self) -> None:
        """By its number."""
        assert "HTTP 599" == read_answer(599, {}, b"").reason

    def test_says_where_a_redirect_points_to(self) -> None:
        """Without what may be a key in it."""
        answer = read_answer(302, {"location": "https://login.example/?token=abc"}, b"")

        assert "HTTP 302 Found: it points to https://login.example/, which is not followed" == answer.reason


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("said", "seconds"), [("30", 30.0), ("0.5", 0.5), ("-1", 0.0), ("soon", None), ("inf", None)]
    )
    def test_seconds_are_read(self, said: str, seconds: float | None) -> None:
        """What is no number is nothing."""
        assert seconds == read_answer(429, {"retry-after": said}, b"").retry_after

    def test_a_date_is_read(self) -> None:
        """One that has passed means now."""
        now = datetime.now(timezone.utc)
        later = read_answer(503, {"retry-after": format_datetime(now + timedelta(hours=1), usegmt=True)}, b"")
        passed = read_answer(503, {"retry-after": format_datetime(now - timedelta(hours=1), usegmt=True)}, b"")

        assert (3600, 0) == (pytest.approx(later.retry_after, abs=60), passed.retry_after)

    @pytest.mark.parametrize(
        "said", ["Mon, 01 Jan 0001 00:00:00 +2359", "Fri, 31 Dec 9999 23:59:59 -2359", "1" * 400, "", ","]
    )
    def test_odd_ones_are_no_faults(self, said: str) -> None:
        """They say nothing, or more than anybody waits for."""
        answer = read_answer(503, {"retry-after": said}, b"")

        assert (Verdict.RETRY, True) == (answer.verdict, (answer.retry_after or 1e9) > 3600)

    def test_only_where_it_is_tried_again(self) -> None:
        """A refusal is one for good."""
        assert read_answer(400, {"retry-after": "30"}, b"").retry_after is None
