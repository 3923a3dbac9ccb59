"""What to keep to find a run again: `{trace}-{span}-{unix seconds, hex}`, 58 characters."""

from __future__ import annotations

import re
from typing import Final

from opentelemetry.trace import format_span_id, format_trace_id

from orchestrace.recording import lineage
from orchestrace.recording.recording import Recording
from orchestrace.recording.remote import Remote
from orchestrace.recording.roles.role import RUNS
from orchestrace.typing import Nanoseconds

__all__ = ["is_reference", "parts_of", "reference_of"]

_SECOND: Final = 1_000_000_000
_FORM: Final = re.compile(r"([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{8})")


def reference_of(recording: Recording | None) -> str:
    """
    Return the reference of the innermost run around, which may be in another process.

    It is that of the recording itself where there is no run; empty where nothing is recorded.
    """
    for one in lineage.upwards(recording):
        if isinstance(one, Remote):
            return one.reference
        if one.role in RUNS:
            return _own(one)
    innermost = lineage.call(recording)
    return "" if innermost is None else _own(innermost)


def is_reference(found: object) -> bool:
    """Tell whether something has the form of a reference."""
    return isinstance(found, str) and _FORM.fullmatch(found) is not None


def parts_of(reference: str) -> tuple[str, str, Nanoseconds] | None:
    """Return trace id, span id and the beginning of the second in which the run started; None where it is malformed."""
    found = _FORM.fullmatch(reference.strip().lower())
    if found is None or not (int(found[1], 16) and int(found[2], 16)):
        return None
    return found[1], found[2], int(found[3], 16) * _SECOND


def _own(recording: Recording) -> str:
    context = recording.span.get_span_context()
    if not context.is_valid:
        return ""
    ids = format_trace_id(context.trace_id), format_span_id(context.span_id)
    return f"{ids[0]}-{ids[1]}-{recording.started // _SECOND:08x}"
