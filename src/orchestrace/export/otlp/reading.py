"""Read the few messages that a receiver answers with: protobuf's wire format the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

__all__ = ["messages", "number", "partial_success", "read", "retry_delay", "status", "words"]

_VARINT: Final = 0
_EIGHT_BYTES: Final = 1
_LENGTH: Final = 2
_FOUR_BYTES: Final = 5
_LONGEST_VARINT: Final = 10

_RETRY_INFO: Final = b"google.rpc.RetryInfo"


def read(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and value of each field. Raises ValueError for what is no message."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        field, kind = tag >> 3, tag & 7
        if kind == _VARINT and field:
            value, at = _varint(message, at)
            yield field, value
            continue
        length = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}.get(kind)
        if kind == _LENGTH:
            length, at = _varint(message, at)
        if length is None or not field or at + length > len(message):
            msg = f"no field of a message at byte {at}"
            raise ValueError(msg)
        yield field, message[at : at + length]
        at += length


def partial_success(answer: bytes) -> tuple[int, str]:
    """Return how many records an accepted request lost, and why, out of the answer to any signal."""
    for said in messages(answer, 1):
        return number(said, 1), words(said, 2)
    return 0, ""


def status(error: bytes) -> tuple[str, float | None]:
    """Return what a `google.rpc.Status` says: its message, and after how many seconds to come back."""
    for detail in messages(error, 3):
        if words(detail, 1).encode().endswith(_RETRY_INFO):
            for info in messages(detail, 2):
                return words(error, 2), retry_delay(info)
    return words(error, 2), None


def retry_delay(info: bytes) -> float | None:
    """Return the seconds of a `google.rpc.RetryInfo`."""
    for duration in messages(info, 1):
        return max(0.0, number(duration, 1) + number(duration, 2) / 1e9)
    return None


def messages(message: bytes, field: int) -> list[bytes]:
    """Return each value of a field of text, bytes or messages."""
    return [value for found, value in read(message) if found == field and isinstance(value, bytes)]


def number(message: bytes, field: int) -> int:
    """Return the value of a field of a signed number, 0 where it is absent."""
    found = [value for at, value in read(message) if at == field and isinstance(value, int)]
    return 0 if not found else found[-1] - (found[-1] >> 63 << 64)


def words(message: bytes, field: int) -> str:
    """Return the value of a field of text, as well as it can be read."""
    return b"".join(messages(message, field)[-1:]).decode("utf-8", "replace")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place, octet in enumerate(message[at : at + _LONGEST_VARINT]):
        value |= (octet & 0x7F) << 7 * place
        if not octet & 0x80:
            return value & (1 << 64) - 1, at + place + 1
    msg = f"no number at byte {at}"
    raise ValueError(msg)
