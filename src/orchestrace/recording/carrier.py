"""
The wire form of a context: what another process needs to go on with the trace.

Two fields are W3C's, one is ours (see `run_field`). OpenTelemetry's baggage is not used: whoever propagates that would
tell a model's provider who the user is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from orchestrace.recording import content, lineage
from orchestrace.recording.guard import guarded
from orchestrace.recording.reference import is_reference, reference_of
from orchestrace.recording.remote import Remote
from orchestrace.recording.run_field import decoded, encoded, identity_of, prompt_of
from orchestrace.recording.tracer import is_apart

__all__ = ["FIELDS", "PARENT", "RUN", "read", "span_in", "write"]

PARENT: Final = "traceparent"
RUN: Final = "orchestrace-run"
FIELDS: Final = (PARENT, "tracestate", RUN)
"""All that is ever written into a carrier."""

_W3C: Final = TraceContextTextMapPropagator()


def write(context: Context) -> dict[str, str]:
    """Return the fields that say what `context` holds; none where it holds nothing. Never raises."""
    return dict(_write(context))


def read(carrier: object, around: Context | None = None) -> Context:
    """
    Return what a carrier holds, put into `around` (default: an empty context). Never raises.

    A carrier is anything with `get`, or a list of pairs, as ASGI has headers; in a mapping or list, names are found in
    any case, and as environments have them.
    """
    around = Context() if around is None else around
    return _read(carrier, around) or around


def span_in(context: Context) -> SpanContext:
    """Return the ids of the span that is current in `context`; invalid ones where none is."""
    return get_current_span(context).get_span_context()


@guarded("writing a context", dict[str, str]())
def _write(context: Context) -> dict[str, str]:
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, context)
    run = _run_in(context)
    return carrier | {RUN: encoded(run)} if run else carrier


def _run_in(context: Context) -> dict[str, Any]:
    here = lineage.current(context)
    if here is None:
        return {"content": "off"} if content.said_within(context) == "off" else {}
    known = {
        "identity": identity_of(lineage.identity(here)),
        "prompt": lineage.prompt(here, context),
        "reference": reference_of(here),
        "parent": _traceparent(here.span.get_span_context()) if is_apart() else None,
        "content": None if content.is_recorded(context) else "off",
    }
    return {name: value for name, value in known.items() if value}


def _traceparent(span: SpanContext) -> str | None:
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, set_span_in_context(NonRecordingSpan(span), Context()))
    return carrier.get(PARENT)


@guarded("reading a context", Context())
def _read(carrier: object, around: Context) -> Context:
    named = _by_name(carrier) if isinstance(carrier, (list, tuple)) else carrier
    found = {field: value for field in FIELDS if (value := _value(named, field))}
    context = _W3C.extract(found, around)
    run = decoded(found.get(RUN, ""))
    if run.get("content") == "off":
        context = content.within(context, "off")
    identity, prompt, reference = identity_of(run.get("identity")), prompt_of(run.get("prompt")), run.get("reference")
    parent = _apart(run.get("parent"))
    if parent is None:
        parent = span_in(context)
    elif not is_apart() and not span_in(context).is_valid:
        context = set_span_in_context(NonRecordingSpan(parent), context)
    if not (identity or prompt or is_reference(reference)):
        return context
    remote = Remote(parent, identity, prompt, str(reference) if is_reference(reference) else "")
    remote.content = content.is_recorded(context)
    return lineage.entered(remote, context)


def _apart(traceparent: object) -> SpanContext | None:
    """Return the span that ours stand under where they stand apart from the program's."""
    carrier = {PARENT: traceparent} if isinstance(traceparent, str) else {}
    span = span_in(_W3C.extract(carrier, Context()))
    return span if span.is_valid else None


def _by_name(pairs: Sequence[object]) -> dict[str, object]:
    texts = (pair for pair in pairs if isinstance(pair, (list, tuple)) and len(pair) == 2)  # noqa: PLR2004 - a pair
    named = ((name.decode("latin-1") if isinstance(name, bytes) else name, value) for name, value in texts)
    return {name: value for name, value in named if isinstance(name, str)}


def _value(carrier: object, field: str) -> str | None:
    get = getattr(carrier, "get", None)
    value = get(field) if get is not None else None
    if value is None and isinstance(carrier, Mapping):
        value = next((carrier[name] for name in carrier if _is(name, field)), None)
    if isinstance(value, (list, tuple)):
        value = value[0] if value else None
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return value if isinstance(value, str) else None


def _is(name: object, field: str) -> bool:
    return isinstance(name, str) and name.lower().replace("_", "-").removeprefix("http-") == field
