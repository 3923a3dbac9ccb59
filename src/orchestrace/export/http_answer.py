"""Read a receiver's answer over HTTP."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping
from datetime import timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

from orchestrace.export.answer import Answer, Verdict
from orchestrace.export.otlp.reading import partial_success, status

__all__ = ["read_answer"]

_RETRY: Final = {408, 425, 429, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530}
"""Those above 511 come from what stands before a receiver, when it cannot reach it."""
_UNKNOWN: Final = {404, 405, 501}
_UNWELCOME: Final = {401, 402, 403, 406, 407, 410, 415, 421, 426, 431, 451, 505, 511, *_UNKNOWN}
_TOO_LARGE: Final = 413
_BAD_REQUEST: Final = 400
_SUCCESSES: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)
_KNOWN: Final = range(200, 600)

_BODY_TOO_LARGE: Final = re.compile(
    r"(body|message|request|payload|entity) (is )?too large|exceeds .*(size|limit)", re.IGNORECASE
)
"""How the collector, and others, answer 400 to what is too large."""


def read_answer(code: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """Return what an answer means; `headers` are found in any case."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if code in _SUCCESSES:
        return _accepted(code, kind, body)
    if code in _REDIRECTS:
        # Nor does the stock exporter follow it: what is sent is meant for whoever was named.
        where = headers.get("location", "nowhere").partition("?")[0]
        return Answer(Verdict.UNWELCOME, f"{_named(code)}: it points to {where}, which is not followed")
    said, delay = _said(kind, body)
    reason = f"{_named(code)}: {said}" if said else _named(code)
    verdict = _verdict(code, said)
    after = _seconds(headers.get("retry-after")) if verdict is Verdict.RETRY else None
    return Answer(verdict, reason, retry_after=delay if after is None else after, is_unknown=code in _UNKNOWN)


def _verdict(code: int, said: str) -> Verdict:
    if code in _RETRY:
        return Verdict.RETRY
    if code == _TOO_LARGE or (code == _BAD_REQUEST and _BODY_TOO_LARGE.search(said)):
        return Verdict.TOO_LARGE
    return Verdict.UNWELCOME if code in _UNWELCOME or code not in _KNOWN else Verdict.REFUSED


def _accepted(code: int, kind: str, body: bytes) -> Answer:
    if kind == "text/html" or body.lstrip()[:1] == b"<":
        reason = f"{_named(code)} with a web page ({kind or 'of no type'}): nothing that takes OTLP answers there"
        return Answer(Verdict.UNWELCOME, reason)
    try:
        rejected, said = _partial_success_in_json(body) if kind == "application/json" else partial_success(body)
    except (ValueError, TypeError, AttributeError, RecursionError):  # whatever it is, it says that all is well
        return Answer(Verdict.ACCEPTED)
    return Answer(Verdict.ACCEPTED, said, rejected=max(0, rejected))


def _partial_success_in_json(body: bytes) -> tuple[int, str]:
    said: dict[str, Any] = json.loads(body or b"{}").get("partialSuccess") or {}
    counts = [value for name, value in said.items() if name.startswith("rejected")]
    return int(counts[0]) if counts else 0, str(said.get("errorMessage", ""))


def _said(kind: str, body: bytes) -> tuple[str, float | None]:
    if kind in {"application/x-protobuf", "application/protobuf"}:
        try:
            return status(body)
        except ValueError:  # plain text under a wrong name
            return _text(body), None
    if kind == "application/json":
        try:
            return str(json.loads(body)["message"]), None
        except (ValueError, TypeError, KeyError, RecursionError):
            return _text(body), None
    return ("a web page" if kind == "text/html" else _text(body)), None


def _text(body: bytes) -> str:
    return body[:1000].decode("utf-8", "replace").strip()


def _named(code: int) -> str:
    try:
        return f"HTTP {code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"HTTP {code}"


def _seconds(said: str | None) -> float | None:
    """Return what `Retry-After` says: seconds, or a date."""
    if said is None:
        return None
    try:
        seconds = float(said)
    except ValueError:
        try:
            date = parsedate_to_datetime(said)
            seconds = (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp() - time.time()
        except (TypeError, ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
