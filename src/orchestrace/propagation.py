"""The context of a run on its way into another process: into a queue, another service of yours, a subprocess."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import Final, TypeVar

from opentelemetry.context import Context, attach, get_current
from opentelemetry.trace import SpanContext, get_current_span, set_span_in_context

from orchestrace.recording import content, lineage
from orchestrace.recording.carrier import FIELDS, PARENT, RUN, read, span_in, write
from orchestrace.recording.guard import guarded
from orchestrace.recording.scope import Scope

__all__ = ["adopt", "environment", "extract", "inject", "release"]

Carrier = TypeVar("Carrier", bound=MutableMapping[str, str])

_VARIABLES: Final = {field: field.replace("-", "_").upper() for field in FIELDS}
_adopted: tuple[Context, Context] | None = None
"""What was current before, and what is since."""


def inject(carrier: Carrier) -> Carrier:
    """
    Write the current context into `carrier`, the headers of a message for example; return it.

    Where nothing is current, what an earlier call wrote is taken out. Never raises.
    """
    _fill(carrier)
    return carrier


def extract(carrier: object) -> Scope:
    """
    Go on, in a `with` block, with the run whose context `inject` wrote into `carrier`. Never raises.

    What runs here already is left alone: inside the block it is not around, also where the carrier holds nothing. A
    span of another library's that was begun from the same carrier stays the parent. `.context` is the OpenTelemetry
    context, for whoever attaches it in another way.
    """
    return Scope(_joined(carrier))


def environment() -> dict[str, str]:
    """
    Return the environment variables with which a subprocess goes on with what runs here; add them to `os.environ`.

    Where nothing runs, those that this process itself was started with come back empty. Never raises.
    """
    return dict(_variables())


@guarded("context of this process", None)
def adopt() -> None:
    """Go on with the run that this process was started for with `environment()`, if it was. Never raises."""
    global _adopted  # noqa: PLW0603 - a process was started once
    here = get_current()
    if os.environ.get(_VARIABLES[RUN]) and lineage.current(here) is None and not span_in(here).is_valid:
        _adopted = here, read(os.environ, here)
        attach(_adopted[1])


@guarded("context of this process", None)
def release() -> None:
    """Leave the run that `adopt` entered, if nothing else was entered since. Never raises."""
    global _adopted  # noqa: PLW0603 - as above
    if _adopted is not None and get_current() is _adopted[1]:
        attach(_adopted[0])
    _adopted = None


@guarded("inject", None)
def _fill(carrier: MutableMapping[str, str]) -> None:
    fields = write(get_current())
    for field in FIELDS:
        if field in fields:
            carrier[field] = fields[field]
        else:
            carrier.pop(field, None)


@guarded("extract", Context())
def _joined(carrier: object) -> Context:
    here = get_current()
    run, present = lineage.current(here), span_in(here)
    if lineage.call(run) is None:
        context = read(carrier, here)
        same = present.is_valid and not present.is_remote and present.trace_id == span_in(context).trace_id
        return set_span_in_context(get_current_span(here), context) if same else context
    said = content.said_within(here)
    context = read(carrier, Context() if said is None else content.within(Context(), str(said)))
    # Delivered at once, inside of the very call that sent it: what is current knows more than what was written.
    around = [present, *(one.span.get_span_context() for one in lineage.upwards(run))]
    return here if _ids(span_in(context)) in [_ids(span) for span in around if span.is_valid] else context


def _ids(span: SpanContext) -> tuple[int, int]:
    return span.trace_id, span.span_id


@guarded("environment", dict[str, str]())
def _variables() -> dict[str, str]:
    fields = write(get_current())
    if PARENT in fields:
        fields.setdefault(RUN, "{}")  # tells the child that it was meant
    variables = {_VARIABLES[field]: value for field, value in fields.items()}
    return {name: "" for name in _VARIABLES.values() if name in os.environ} | variables
