"""Read the errors of Anthropic, and of the clouds that host its models."""

from __future__ import annotations

from orchestrace.messages import Failure
from orchestrace.typing import JSONObject
from orchestrace.wires.reading import object_at, text_at

__all__ = ["read_failure", "read_hosted_failure"]


def read_failure(body: JSONObject) -> Failure | None:
    """Read an error: `{"type": "error", "error": {"type": …, "message": …}}`."""
    error = object_at(body, "error")
    return _failure(text_at(error, "type"), text_at(error, "message"))


def read_hosted_failure(body: JSONObject) -> Failure | None:
    """Read an error of Anthropic's, of Google's with its `status`, or of Amazon's, which is a `message` alone."""
    error = object_at(body, "error") or body
    kind = text_at(error, "status") or text_at(error, "type")
    return _failure(kind, text_at(error, "message") or text_at(error, "Message"))


def _failure(kind: str | None, message: str | None) -> Failure | None:
    return Failure(kind or "_OTHER", message or "") if kind or message else None
