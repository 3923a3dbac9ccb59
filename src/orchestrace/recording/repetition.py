"""
Write what one call to a model repeats of the last: the history of its conversation, its tools, its parameters.

With every turn of a conversation all of it is sent again. What was masked and made a text before is found by its bytes
and not looked through anew, which for 100 messages of 1 KB takes a tenth of the time. Nothing that is masked reaches
beyond an object: between two of them stand braces, which belong to no key, no name and no address. So a list is masked
one object at a time, and `document.write` says the same of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson

from orchestrace.recording.document import LIMIT, as_bytes, holds_data, write
from orchestrace.recording.masking import masked
from orchestrace.recording.secret_value import without_secrets
from orchestrace.typing import JSON

__all__ = ["write_objects", "write_parameters"]

Objects: TypeAlias = Sequence[Mapping[str, Any]]
"""Messages, parts of a message, definitions of tools: JSON as a wire built it."""

_SHORT: Final = 4 << 10
_LONG: Final = 64 << 10
"""Bytes of a document that is kept; of them there are 1,024 and 32: a few megabytes at most, usually one."""


def write_objects(objects: Objects) -> tuple[str, bool]:
    """Return what `document.write` returns for a list of objects."""
    documents = [*map(as_bytes, objects)]
    size = sum(map(len, documents)) + len(documents) + 1
    if size > LIMIT or (size > _LONG and any(map(holds_data, documents))):
        return write([*objects])
    return f"[{','.join([*map(_masked, documents)])}]", False


def write_parameters(parameters: Mapping[str, JSON]) -> tuple[str, bool]:
    """Return what `document.write` returns for the rest of a request, without what stands under a secret's name."""
    try:
        document = orjson.dumps(parameters)
    except TypeError:  # numbers beyond 64 bits, which orjson would read back as others
        document = None
    if document is None or len(document) > _SHORT:
        return write(without_secrets({**parameters}))
    return _parameters(document), False


def _masked(document: bytes) -> str:
    size = len(document)
    return _short(document) if size <= _SHORT else _long(document) if size <= _LONG else masked(document)


_short: Final = lru_cache(maxsize=1024)(masked)
_long: Final = lru_cache(maxsize=32)(masked)


@lru_cache(maxsize=256)
def _parameters(document: bytes) -> str:
    return masked(orjson.dumps(without_secrets(orjson.loads(document))))
