"""
Spans that another library makes of a call when it is over, with the time of its begin: ours stands for both.

OpenLLMetry does so for OpenAI's responses. There is nothing that ours could be merged into while the call is made, and
afterwards a span of ours tells everything already. Such a span is known by its time: it starts where the last call in
this context began, and before that call did, which no span does that is made before its work.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from opentelemetry.trace import Span, SpanKind

from orchestrace.conventions import REQUEST_MODEL, SCHEMA
from orchestrace.records import SpanRecord
from orchestrace.typing import Nanoseconds

__all__ = ["Told", "retold", "tell"]


@dataclass(slots=True)
class Told:
    """A model call that has a span of ours: where it stands, when it began, and whom it asks."""

    parent: object
    started: Nanoseconds
    model: str
    again: bool = False
    """Whether another library has made a span of it as well: there is one at most."""

    def is_in(self, record: SpanRecord) -> bool:
        """Tell whether a span that was made of it is a model call's indeed."""
        return record.attributes.get(REQUEST_MODEL) == self.model


# No part of OpenTelemetry's context, which is put back when a call is over: it is about what was before.
_last: Final[ContextVar[Told | None]] = ContextVar("orchestrace-last-call", default=None)


def tell(span: Span, started: Nanoseconds, model: str) -> None:
    """Take note of a call for which we have made a span."""
    _last.set(Told(getattr(span, "parent", None), started, model))


def retold(span: Any) -> Told | None:  # noqa: ANN401 - an SDK's span: the API has no way to read one
    """Return the call that a span which starts now was made of afterwards, if it was."""
    last = _last.get()
    if last is None or last.again or span.kind is not SpanKind.CLIENT or SCHEMA in span.attributes:  # a span of ours
        return None
    if span.start_time >= last.started or span.parent != last.parent:
        return None
    last.again = True
    return last
