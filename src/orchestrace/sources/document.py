"""Tell what a file or an answer is, and read the spans in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

import orjson

from orchestrace.exceptions import SourceError
from orchestrace.records import SpanRecord
from orchestrace.sources import jaeger_json, otlp_json, own_json

__all__ = ["parsed", "spans_in"]

_MAGIC: Final = {
    b"\x1f\x8b": "is compressed with gzip: unpack it first (gunzip)",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd: unpack it first (zstd -d)",
    b"PK": "is a zip archive: unpack it first",
    b"SQLite format 3": "is a database: a journal is read with --journal and its folder",
}
_READ: Final = "OTLP JSON (a request, or one a line), JSON from Jaeger, or from `orchestrace show --json`"


def spans_in(data: bytes, place: str) -> list[SpanRecord]:
    """
    Return the spans of a text of JSON documents: OTLP, Jaeger's, or our own; several may follow each other.

    A last document that is cut, because it is still being written, is left out. Raises SourceError, with `place` as its
    subject, if it is none of these.
    """
    documents = parsed(data, place)
    try:
        found = [list(_read(one)) if _is_known(one) else None for one in chain.from_iterable(map(_unpacked, documents))]
    except RecursionError:
        msg = f"{place} is nested too deeply to be read."
        raise SourceError(msg) from None
    if found and all(one is None for one in found):
        msg = f"{place} is JSON, but holds no traces: it is to be {_READ}."
        raise SourceError(msg)
    return [span for spans in found for span in spans or ()]


def parsed(data: bytes, place: str) -> list[Any]:
    """Return the JSON documents that follow each other in `data`. Raises SourceError if there are none."""
    try:
        return [orjson.loads(data)]
    except orjson.JSONDecodeError:  # several, or with what only Python's own parser lets pass
        documents = list(_each(data.decode("utf-8-sig", "replace")))
    if not documents:
        raise SourceError(_complaint(data, place))
    return documents


def _each(text: str) -> Iterator[Any]:
    decoder, place = json.JSONDecoder(), 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        try:
            document, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return
        yield document


def _complaint(data: bytes, place: str) -> str:
    start = data[:512].lstrip()
    if not start:
        return f"{place} is empty."
    for magic, what in _MAGIC.items():
        if data.startswith(magic):
            return f"{place} {what}."
    if start[:1] == b"<":
        return f"{place} is a page (HTML or XML), not JSON."
    return f"{place} is not JSON: it is to be {_READ}."


def _unpacked(document: object) -> Iterator[Any]:
    """Take documents out of what Jaeger's API, or a list, wraps around them."""
    if isinstance(document, list):
        yield from document
    elif isinstance(document, dict) and isinstance(document.get("data", ""), (list, type(None))):
        yield from document["data"] or ()
    elif isinstance(document, dict) and isinstance(document.get("result"), dict):
        yield document["result"]
    else:
        yield document


def _is_known(document: object) -> bool:
    return otlp_json.is_otlp(document) or jaeger_json.is_jaeger(document) or own_json.is_own(document)


def _read(document: dict[str, Any]) -> Iterator[SpanRecord]:
    if otlp_json.is_otlp(document):
        return otlp_json.spans_of(document)
    return jaeger_json.spans_of(document) if jaeger_json.is_jaeger(document) else own_json.spans_of(document)
