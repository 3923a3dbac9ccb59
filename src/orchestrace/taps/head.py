"""The head of an HTTP answer: what its body is, and so how to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NamedTuple

import orjson

from orchestrace.messages import Failure, ModelResponse
from orchestrace.recording.answer import Answer
from orchestrace.typing import JSONObject
from orchestrace.wires.wire import Wire

__all__ = ["Head"]

_FIRST_ERROR: Final = 400
_ERROR_BODY: Final = 65_536
_UNNAMED: Final = "_OTHER"
"""What the conventions call an error that nobody named."""
_JSON: Final = "json"
_EVENT_STARTS: Final = (b"data:", b"event:", b"id:", b":", b"retry:")


class Head(NamedTuple):
    """Status and headers of an answer; of these, the type of its content counts."""

    status: int
    headers: Mapping[str, str] = MappingProxyType({})

    @property
    def is_refusal(self) -> bool:
        """Tell whether HTTP says that the request failed."""
        return self.status >= _FIRST_ERROR

    def read(self, wire: Wire, body: bytes, *, cut: bool = False) -> Answer:
        """Read the body, or as much of it as came; it is decompressed. `cut`: more came than was kept."""
        if self.is_refusal:
            # An error of the retried kind is closed unread: then the status is all there is.
            failure = self._named(wire.read_failure(_object(body) or {}))
            return Answer(status=self.status, failure=failure, body=body[:_ERROR_BODY].decode(errors="replace"))
        response = self._response(wire, body, cut=cut)
        return Answer(response, self.status, response.failure, cut=cut)

    def _named(self, failure: Failure | None) -> Failure:
        """Return a failure with a type and a message, for which the status stands in."""
        status = str(self.status)
        if failure is None:
            return Failure(status, f"HTTP {status}")
        return Failure(status if failure.type == _UNNAMED else failure.type, failure.message or f"HTTP {status}")

    def _response(self, wire: Wire, body: bytes, *, cut: bool) -> ModelResponse:
        # An object in JSON says itself what it is, and the headers of a client take their time.
        if body[:1] == b"{" and (whole := _object(body)) is not None:
            return wire.read_response(whole)
        content_type = self.headers.get("content-type", "")
        if "event-stream" in content_type or "eventstream" in content_type:  # server-sent, or Amazon's
            return wire.read_stream(body)
        whole = _object(body)
        if whole is None and wire.read_other is not None and _JSON not in content_type:
            # The size and the sum of half a sound are those of none.
            return wire.read_other(b"" if cut else body, content_type)
        if whole is None and body.lstrip().startswith(_EVENT_STARTS):
            return wire.read_stream(body)
        # What was left before its end is no JSON.
        return replace(wire.read_response({}), complete=False) if whole is None else wire.read_response(whole)


def _object(body: bytes) -> JSONObject | None:
    try:
        value = orjson.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
