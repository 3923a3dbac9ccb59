"""
Protobuf's wire format, as far as OTLP needs it.

A field is its number and kind in a tag, then a varint, eight bytes, or a length and as many bytes. Tags are written out
where they are used: of the numbers below 16 a tag is one byte, `number << 3 | kind`, with kind 0 for a varint, 1 for
eight bytes, 2 for a length, 5 for four bytes.
"""

from __future__ import annotations

from typing import Final

__all__ = ["VARINT", "delimited", "fixed64", "identity", "text"]

_LAST: Final = 2**64 - 1
_KEPT: Final = 4096
_TWO_MEBI: Final = 1 << 21
"""The first number of four bytes."""
_SEVEN_BITS: Final = 0x7F


class _Varints(dict[int, bytes]):
    """The varint of each number: those of nearly all lengths are kept."""

    def __missing__(self, number: int) -> bytes:
        if _KEPT <= number < _TWO_MEBI:  # lengths of spans, and of what holds them: one step instead of a loop
            low, middle, high = number & 0x7F | 0x80, number >> 7 & 0x7F, number >> 14
            return bytes((low, middle | 0x80, high)) if high else bytes((low, middle))
        octets = bytearray()
        while number > _SEVEN_BITS:
            octets.append(number & _SEVEN_BITS | 0x80)
            number >>= 7
        octets.append(number)
        return bytes(octets)


VARINT: Final = _Varints()
"""The varint of a number from 0 to 2**64 - 1."""

VARINT.update({number: VARINT[number] for number in range(_KEPT)})


def delimited(tag: bytes, content: bytes) -> bytes:
    """Return a field of text, bytes or a message."""
    return tag + VARINT[len(content)] + content


def fixed64(tag: bytes, number: int) -> bytes:
    """Return a field of eight bytes, for a time; one that is out of bounds is moved to them, and 0 is not written."""
    number = min(max(number, 0), _LAST)
    return tag + number.to_bytes(8, "little") if number else b""


def identity(digits: str, length: int) -> bytes:
    """Return the bytes of an id. Raises ValueError for what is not hex of that many bytes."""
    octets = bytes.fromhex(digits)
    if len(octets) != length:
        msg = f"{digits!r} is no id of {length} bytes"
        raise ValueError(msg)
    return octets


def text(said: str) -> bytes:
    """Return UTF-8. Proto3 knows no other text: a lone surrogate becomes U+FFFD."""
    try:
        return said.encode()
    except UnicodeEncodeError:
        # By way of UTF-16, where two halves that belong together become the character that they are halves of.
        return said.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
