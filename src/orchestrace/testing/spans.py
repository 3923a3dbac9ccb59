"""Captured spans, as a test reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final, overload

from orchestrace.recording import finaliser
from orchestrace.records import SpanRecord
from orchestrace.span_tree import branches
from orchestrace.testing.memory import Memory
from orchestrace.typing import AttributeValue

__all__ = ["Spans"]

_PATIENCE: Final = 10.0


class Spans(Sequence[SpanRecord]):  # noqa: PLW1641 - a view: two that are equal now need not be so later
    """
    The spans that have ended so far, in that order: a live view.

    A look at it first waits for the spans of calls that the garbage collector ended, such as dropped streams.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @property
    def running(self) -> list[SpanRecord]:
        """The spans that have started and not ended, as they were when they started."""
        finaliser.drain(_PATIENCE)
        return self._memory.running

    def tree(self, *attributes: str) -> str:
        """
        Draw the spans, one a line, children two spaces further in, in order of time.

        After the name stand those of the named attributes that the span has, and its status unless it is UNSET. A span
        whose parent has not ended stands at the left.
        """
        lines = [(depth, branch.span) for top in branches(self) for depth, branch in top.walk()]
        return "\n".join(f"{'  ' * depth}{_line(span, attributes)}" for depth, span in lines)

    def named(self, name: str) -> list[SpanRecord]:
        """Return the spans of one name."""
        return [span for span in self if span.name == name]

    def one(self, name: str) -> SpanRecord:
        """Return the only span of a name. Raises AssertionError that shows the tree if there is none, or several."""
        found = self.named(name)
        if len(found) != 1:
            msg = f"{len(found)} spans are named {name!r}, not one:\n{self.tree() or '(no spans)'}"
            raise AssertionError(msg)
        return found[0]

    def attributes(self, name: str) -> dict[str, AttributeValue]:
        """Return the attributes of the only span of a name. Raises as `one` does."""
        return self.one(name).attributes

    @overload
    def __getitem__(self, index: int) -> SpanRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[SpanRecord]: ...
    def __getitem__(self, index: int | slice) -> SpanRecord | list[SpanRecord]:
        return self._ended()[index]

    def __iter__(self) -> Iterator[SpanRecord]:
        return iter(self._ended())

    def __len__(self) -> int:
        return len(self._ended())

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, (list, Spans)) else NotImplemented

    def __repr__(self) -> str:
        return f"<Spans\n{self.tree()}\n>" if self else "<Spans: none>"

    def _ended(self) -> list[SpanRecord]:
        finaliser.drain(_PATIENCE)
        return self._memory.spans


def _line(span: SpanRecord, attributes: Sequence[str]) -> str:
    shown = [f"{key}={_text(span.attributes[key])}" for key in attributes if key in span.attributes]
    status = [] if span.status == "UNSET" else [span.status]
    return " ".join([span.name, *shown, *status])


def _text(value: AttributeValue) -> str:
    # A line break would tear the tree; anything else that is text reads best as it is.
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value, ensure_ascii=False)
