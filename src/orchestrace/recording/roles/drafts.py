"""The drafts of one iteration, so that a verdict is found to be about the one that was judged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from weakref import ReferenceType, ref

from opentelemetry.trace import SpanContext

from orchestrace.recording.selectors import MISSING
from orchestrace.typing import Attributes

__all__ = ["Drafts"]

_MOST: Final = 256
"""Drafts of one iteration that are told apart."""


class Drafts:
    """
    What generators gave in one iteration.

    `last` is the span of the one that ended last, `told` what its span says of the draft. A draft that is handed on is
    known by its text, or by being the same object; an object is never kept alive.
    """

    __slots__ = ("_objects", "_texts", "last", "told")

    def __init__(self) -> None:
        self.last: SpanContext | None = None
        self.told: Attributes = {}
        self._texts: dict[str, SpanContext] = {}
        self._objects: list[tuple[ReferenceType[object], SpanContext]] = []

    def take(self, span: SpanContext, told: Attributes, *values: object) -> None:
        """Take note of a draft: what its generator returned, and what was recorded of it."""
        self.last, self.told = span, told
        for value in values:
            if len(self._texts) + len(self._objects) >= _MOST:
                return
            if type(value) is str:
                self._texts[value] = span
            elif value is not MISSING and (held := _held(value)) is not None:
                self._objects.append((held, span))

    def judged(self, values: Iterable[object]) -> SpanContext | None:
        """Return the span of the draft that is among the values, else that of the last; None without any."""
        for value in values:
            if type(value) is str:
                found = self._texts.get(value)
            else:
                found = next((span for held, span in self._objects if held() is value), None)
            if found is not None:
                return found
        return self.last


def _held(value: object) -> ReferenceType[object] | None:
    try:
        return None if value is None else ref(value)
    except TypeError:  # a list, a number: most of Python's own
        return None
