"""
Values and attributes: OTLP's AnyValue and KeyValue.

An attribute of a span is flat: a scalar, or a list of scalars; one of any other value is left out, and costs neither
its span nor the batch. In a log record a value may be nested; what OTLP cannot carry stands there as no value.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, cast

from orchestrace.export.otlp.wire import VARINT, delimited, text

__all__ = ["attributes", "flat", "nested"]

_Encode: TypeAlias = Callable[[object], "bytes | None"]

_STRING: Final = b"\x0a"
_BOOLEANS: Final = (b"\x10\x00", b"\x10\x01")
_INTEGER: Final = b"\x18"
_DOUBLE: Final = struct.Struct("<cd").pack
_LIST: Final = b"\x2a"
_MAPPING: Final = b"\x32"
_BYTES: Final = b"\x3a"
_NO_VALUE: Final = b""

_ITEM: Final = b"\x0a"
"""The tag of an item in a list or mapping."""

_INTEGERS: Final = range(-(2**63), 2**63)
_ALL_BITS: Final = 2**64 - 1

_DEEPEST: Final = 28
"""Parsers refuse more than 100 messages inside each other, and with one record its batch; a mapping takes three."""


_KEPT: Final = 1024
"""Fields that are kept: a program has some dozens that come with every call, and many that come once."""
_SHORT: Final = 48
"""Characters of a text that may well come again."""
_LARGEST_KEPT: Final = 256
"""Bytes of a field that is kept."""


class _Keys(dict[object, bytes]):
    """The beginning of a KeyValue by its key, up to the tag of the value; empty where there is no legal key."""

    def __missing__(self, key: object) -> bytes:
        if not isinstance(key, str) or not key:
            return b""
        octets = key.encode()
        begin = b"\x0a" + VARINT[len(octets)] + octets + b"\x12"
        # Most programs have some dozens of keys; whoever makes them up as they go does not fill the memory.
        if len(self) < 4096 and len(key) < 256:  # noqa: PLR2004 - as said
            self[key] = begin
        return begin


_BEGIN: Final = _Keys()

_Known: TypeAlias = dict[tuple[object, object], bytes]

_KNOWN: Final[dict[bytes, tuple[_Known, _Known, _Known]]] = {}
"""
By tag the whole fields of texts, of whole numbers, and of lists of one text; by their key and that text or number.

Apart by type, as 1 equals True; not of floats, as 0.0 equals -0.0. No class with `__missing__`: its every look-up is a
call, found or not.
"""


def attributes(tag: bytes, pairs: Mapping[str, object], encode: _Encode) -> bytes:
    """Return attributes, each as a field with `tag`; those without a legal key or value are left out."""
    try:
        return _attributes(tag, pairs, encode)
    except UnicodeEncodeError:  # in a key, and two keys may be mended to the same one
        mended = {text(key).decode(): value for key, value in pairs.items() if _is_legal(key, value, encode)}
        return _attributes(tag, mended, encode)


def _attributes(tag: bytes, pairs: Mapping[str, Any], encode: _Encode) -> bytes:
    # All of an encoder's time is spent here: on long texts, as most other fields were there before.
    texts, integers, lists = _KNOWN.get(tag) or _KNOWN.setdefault(tag, ({}, {}, {}))
    parts: list[bytes] = []
    for key, value in pairs.items():
        kind = type(value)
        if kind is str:
            if len(value) > _SHORT:
                if begin := _BEGIN[key]:
                    octets = text(value)
                    length = VARINT[len(octets)]
                    inner = len(length) + len(octets) + 1
                    about = VARINT[inner]
                    parts += (tag, VARINT[len(begin) + len(about) + inner], begin, about, _STRING, length, octets)
                continue
            known, pair = texts, (key, value)
        elif kind is int and value in _INTEGERS:
            known, pair = integers, (key, value)
        elif kind is list and len(value) == 1 and type(value[0]) is str:  # as reasons to finish are
            known, pair = lists, (key, value[0])
        else:
            parts.append(_field(tag, key, value, encode))
            continue
        field = known.get(pair)
        if field is None:
            field = _field(tag, key, value, encode)
            _keep(known, pair, field)
        parts.append(field)
    return b"".join(parts)


def _field(tag: bytes, key: object, value: object, encode: _Encode) -> bytes:
    begin = _BEGIN[key]
    encoded = encode(value) if begin else None
    return b"" if encoded is None else delimited(tag, begin + delimited(b"", encoded))


def _keep(known: _Known, pair: tuple[object, object], field: bytes) -> None:
    if len(field) <= _LARGEST_KEPT:
        if len(known) >= _KEPT:
            known.clear()  # what comes with every call is soon back
        known[pair] = field


def flat(value: object) -> bytes | None:
    """Return a value of a span's attribute, None where OTLP has none for it."""
    if not isinstance(value, (list, tuple)):
        return _scalar(value)
    # Items of several types pass, as OTLP lets them: nothing is gained by losing them.
    items = [_scalar(item) for item in value]
    return None if None in items else _list(cast("list[bytes]", items))


def nested(value: object, depth: int = _DEEPEST) -> bytes:
    """Return a value out of a log record, with all that is in it."""
    encoded = _scalar(value)
    if encoded is not None:
        return encoded
    if isinstance(value, bytes):
        return delimited(_BYTES, value)
    if not depth:
        return _NO_VALUE
    if isinstance(value, (list, tuple)):
        return _list([nested(item, depth - 1) for item in value])
    if isinstance(value, Mapping):
        return delimited(_MAPPING, attributes(_ITEM, value, lambda item: nested(item, depth - 1)))
    return _NO_VALUE


def _scalar(value: object) -> bytes | None:
    if isinstance(value, str):
        octets = text(value)
        return _STRING + VARINT[len(octets)] + octets
    if isinstance(value, float):
        return _DOUBLE(b"\x21", value)
    if isinstance(value, bool):
        return _BOOLEANS[value]
    return _INTEGER + VARINT[value & _ALL_BITS] if isinstance(value, int) and value in _INTEGERS else None


def _list(items: list[bytes]) -> bytes:
    return delimited(_LIST, b"".join([delimited(_ITEM, item) for item in items]))


def _is_legal(key: object, value: object, encode: _Encode) -> bool:
    return isinstance(key, str) and key != "" and encode(value) is not None
