"""
Split a body of Amazon's event stream framing (`application/vnd.amazon.eventstream`), which may be cut anywhere.

A message is its length, that of its headers and a check sum of both, four bytes each; the headers; the payload; a check
sum of it all. The check sums are the client's business.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from typing import Final

from orchestrace.typing import JSONObject
from orchestrace.wires.reading import object_from, text_at

__all__ = ["chunks", "is_framed"]

_PRELUDE: Final = 12
_CHECK_SUM: Final = 4
_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""How long a header's value is, by the number of its type; that of bytes (6) and text (7) says it in two bytes."""
_TEXT: Final = 7


def is_framed(body: bytes) -> bool:
    """Tell a framed body from a text: it begins with a length, whose first byte is 0 for any that is sent."""
    return body[:1] == b"\0"


def chunks(body: bytes) -> Iterator[JSONObject]:
    """
    Return what the model said, piece by piece, out of the messages that are whole. Never raises.

    An exception comes out as an event of type `error`, as Anthropic itself would send it.
    """
    for headers, payload in _messages(body):
        said = object_from(payload.decode(errors="replace")) or {}
        wrong = headers.get(":exception-type") or headers.get(":error-code")
        if wrong:
            message = text_at(said, "message") or headers.get(":error-message") or ""
            yield {"type": "error", "error": {"type": wrong, "message": message}}
        elif (chunk := object_from(_decoded(text_at(said, "bytes") or ""))) is not None:
            yield chunk


def _messages(body: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    at = 0
    while len(body) - at >= _PRELUDE + _CHECK_SUM:
        end = at + int.from_bytes(body[at : at + 4], "big")
        payload = at + _PRELUDE + int.from_bytes(body[at + 4 : at + 8], "big")
        if not at + _PRELUDE <= payload <= end - _CHECK_SUM or end > len(body):
            return
        yield _headers(body[at + _PRELUDE : payload]), body[payload : end - _CHECK_SUM]
        at = end


def _headers(block: bytes) -> dict[str, str]:
    """Return the headers that are texts, as far as the block can be read."""
    headers: dict[str, str] = {}
    while block:
        name, rest = block[1 : 1 + block[0]], block[1 + block[0] :]
        if not rest:
            break
        kind, rest = rest[0], rest[1:]
        size = _SIZES.get(kind)
        if size is None:
            size, rest = int.from_bytes(rest[:2], "big"), rest[2:]
        if kind == _TEXT:
            headers[name.decode(errors="replace")] = rest[:size].decode(errors="replace")
        block = rest[size:]
    return headers


def _decoded(data: str) -> str:
    try:
        return b64decode(data).decode(errors="replace")
    except (Error, ValueError):
        return ""
