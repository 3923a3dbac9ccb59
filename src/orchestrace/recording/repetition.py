"""
Write what one call to a model repeats of the last: the history of its conversation, its tools, its parameters.

With every turn of a conversation all of it is sent again. What was masked and made a text before is found by its bytes
and not looked through anew, which for 100 messages of 1 KB takes a tenth of the time. What comes once is not kept: it
would only drive out what comes again. Nothing that is masked reaches
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

_REMEMBERED: Final = 4096
"""Hashes of documents that came, of which there are at most twice as many."""
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
    if size > _LONG or not _before.had(document):
        return masked(document)
    return _short(document) if size <= _SHORT else _long(document)


class _Before:
    """Which documents came before, by their hashes: of those that came long ago it knows nothing."""

    def __init__(self) -> None:
        self._lately: set[int] = set()
        self._earlier: set[int] = set()

    def had(self, document: bytes) -> bool:
        """Tell whether a document came before, and take note of it. Every step is one of a set's own."""
        key = hash(document)
        if key in self._lately:
            return True
        if len(self._lately) >= _REMEMBERED:
            self._earlier, self._lately = self._lately, set()
        self._lately.add(key)
        return key in self._earlier


_before: Final = _Before()


_short: Final = lru_cache(maxsize=1024)(masked)
_long: Final = lru_cache(maxsize=32)(masked)


@lru_cache(maxsize=256)
def _parameters(document: bytes) -> str:
    return masked(orjson.dumps(without_secrets(orjson.loads(document))))
