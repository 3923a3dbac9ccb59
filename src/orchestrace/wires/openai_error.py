"""Read an error as OpenAI says it in all of its formats, and as compatible servers do, many in a way of their own."""

from __future__ import annotations

import json

from orchestrace.messages import Failure
from orchestrace.typing import JSON, JSONObject
from orchestrace.wires.reading import integer_at, text_at

__all__ = ["read_failure"]


def read_failure(body: JSONObject) -> Failure | None:
    """Read the body of an HTTP error, or an answer that holds an `error`."""
    error = body.get("error")
    said = error if isinstance(error, dict) else {**body, "message": error} if isinstance(error, str) else body
    code, number = text_at(said, "code"), integer_at(said, "code")
    kind = code or text_at(said, "type") or ("" if number is None else str(number))
    message = _words(said.get("message") or said.get("detail"))
    return Failure(kind or "_OTHER", message) if kind or message else None


def _words(said: JSON) -> str:
    return said if isinstance(said, str) else "" if said is None else json.dumps(said, ensure_ascii=False)
