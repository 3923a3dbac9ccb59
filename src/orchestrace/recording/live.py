"""Tell a value that is still to be read from one that is all there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from orchestrace.recording.fields import NOTHING, fields_of, type_name
from orchestrace.recording.snapshot import snapshot

__all__ = ["is_live"]

_READERS: Final = frozenset(
    {"__iter__", "__next__", "__aiter__", "__anext__", "__enter__", "__aenter__", "__await__", "__call__"}
)
"""What has one of these can give more than its fields: an iterator, a context, a task, the response of a web server."""


def is_live(value: object) -> bool:
    """
    Tell whether a value, or what a collection or model of values holds, is something to read from.

    That is what has a method to read it, and of which a snapshot shows no more than its type. Never raises.
    """
    try:
        return _is_stream(value) or any(_is_stream(item) for item in _inside(value))
    except Exception:  # noqa: BLE001 - a stranger's class
        return False


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, (list, tuple)):
        return list(value)
    found = dict(value) if isinstance(value, dict) else fields_of(value)
    return found.values() if isinstance(found, Mapping) else ()


def _is_stream(value: object) -> bool:
    kind = type(value)
    methods = {name for base in kind.__mro__[:-1] for name in vars(base)}
    if methods.isdisjoint(_READERS) or "__len__" in methods or fields_of(value) is not NOTHING:
        return False
    return snapshot(value) == {"type": type_name(kind)}
