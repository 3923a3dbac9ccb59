"""Read what a call over gRPC came to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from orchestrace.export.answer import Answer, Verdict
from orchestrace.export.otlp.reading import retry_delay, status

__all__ = ["read_error"]

_RETRY: Final = {
    "ABORTED",
    "CANCELLED",
    "DATA_LOSS",
    "DEADLINE_EXCEEDED",
    "OUT_OF_RANGE",
    "RESOURCE_EXHAUSTED",
    "UNAVAILABLE",
}
_UNWELCOME: Final = {"PERMISSION_DENIED", "UNAUTHENTICATED", "UNIMPLEMENTED"}
_UNKNOWN: Final = "UNIMPLEMENTED"

_OVERLOADED: Final = re.compile(
    r"memory|rate.?limit|quota|throttl|overload|busy|too many requests|queue", re.IGNORECASE
)
"""How a receiver says that it, and not the request, is at its limits, when it forgets to say for how long."""

_BROKEN: Final = re.compile(
    r"rst_stream|goaway|stream removed|connection reset|socket closed|broken pipe", re.IGNORECASE
)
"""How gRPC calls a connection that broke, under whatever code."""

_OF_HTTP: Final = re.compile(r"http2 header with status: (\d{3})|(no status received)", re.IGNORECASE)
"""How it says that something else answered: a proxy before the receiver, or a server that speaks no gRPC."""
_HTTP_TOO_LARGE: Final = "413"

_NOT_CONNECTED: Final = re.compile(r"failed to connect|connections to all backends", re.IGNORECASE)
"""How it says that there was no connection that could break."""

_CAUSES: Final = (
    (
        re.compile(r"expected settings frame|failed parsing http/2|http/?1\.|connect an http1", re.IGNORECASE),
        "the answer is no HTTP/2; is it a port for HTTP?",
    ),
    (re.compile(r"certificate_verify_failed[: ]*([a-z0-9 '.,-]*)", re.IGNORECASE), "TLS: certificate verify failed"),
    (
        re.compile(r"wrong_version_number", re.IGNORECASE),
        "TLS: wrong version number; is what listens there without TLS?",
    ),
    (re.compile(r"ssl|tls|handshake|peer name", re.IGNORECASE), "TLS: no handshake"),
    (
        re.compile(r"dns resolution failed|name resolution|domain name not found", re.IGNORECASE),
        "the host name cannot be resolved",
    ),
    (re.compile(r"connection refused", re.IGNORECASE), "connection refused"),
    (re.compile(r"network is unreachable|no route to host", re.IGNORECASE), "network is unreachable"),
)
"""What stands in gRPC's words for a receiver that is not there, and how we call it."""


def read_error(code: str, details: str, metadata: Iterable[tuple[str, str | bytes]], timeout: float) -> Answer:
    """Return what a call that failed with the status `code` means."""
    delay = _delay(metadata)
    if code == "DEADLINE_EXCEEDED":
        return Answer(Verdict.RETRY, f"no answer within {timeout:g} s", retry_after=delay)
    words = next((words for pattern, words in _CAUSES if pattern.search(details)), "") if code == "UNAVAILABLE" else ""
    reason = words or (f"gRPC {code}: {details}" if details else f"gRPC {code}")
    verdict = _verdict(code, details, delay)
    cut = verdict is Verdict.RETRY and bool(_BROKEN.search(details)) and not _NOT_CONNECTED.search(details)
    return Answer(verdict, reason, retry_after=delay, is_unknown=code == _UNKNOWN, is_cut=cut)


def _verdict(code: str, details: str, delay: float | None) -> Verdict:
    if code == "RESOURCE_EXHAUSTED" and delay is None and not _OVERLOADED.search(details):
        return Verdict.TOO_LARGE
    if code in _RETRY or (code in {"INTERNAL", "UNKNOWN"} and _BROKEN.search(details)):
        return Verdict.RETRY
    if code in {"INTERNAL", "UNKNOWN"} and (found := _OF_HTTP.search(details)):
        return _verdict_of_http(found[1] or "")
    return Verdict.UNWELCOME if code in _UNWELCOME else Verdict.REFUSED


def _verdict_of_http(status: str) -> Verdict:
    if status == _HTTP_TOO_LARGE:
        return Verdict.TOO_LARGE
    return Verdict.RETRY if status[:1] == "5" else Verdict.UNWELCOME


def _delay(metadata: Iterable[tuple[str, str | bytes]]) -> float | None:
    said = {key: value for key, value in metadata if isinstance(value, bytes)}
    try:
        if (info := said.get("google.rpc.retryinfo-bin")) is not None:
            return retry_delay(info)
        return status(said["grpc-status-details-bin"])[1] if "grpc-status-details-bin" in said else None
    except ValueError:
        return None
