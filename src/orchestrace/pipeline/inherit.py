"""Give the spans of other libraries the identity of the run they belong to."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span

from orchestrace.recording import lineage
from orchestrace.recording.tracer import SCOPE

__all__ = ["inherit"]


def inherit(span: Span, context: Context | None) -> None:
    """Set what a span inside of our calls carries (agent, key, session, iteration, …); our own have it already."""
    scope = span.instrumentation_scope
    if scope is not None and scope.name == SCOPE:
        return
    passed = lineage.identity(lineage.current(context))
    if not passed:
        return
    present = span.attributes or {}
    span.set_attributes({name: value for name, value in passed.items() if name not in present})
