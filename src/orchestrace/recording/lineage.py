"""
Who called whom: the recording that is open around here, found through OpenTelemetry's context.

Everything that a call passes on to what happens inside of it lives in that context, so whatever carries the context
into a thread, a task or another library carries this, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from opentelemetry.context import Context, attach, create_key, get_current, get_value, set_value
from opentelemetry.trace import INVALID_SPAN, Span, get_current_span, set_span_in_context

from orchestrace.recording.tracer import is_apart
from orchestrace.typing import AttributeValue

if TYPE_CHECKING:
    from orchestrace.recording.prompt_use import PromptUse
    from orchestrace.recording.recording import Recording

__all__ = [
    "ITERATION",
    "call",
    "current",
    "current_span",
    "entered",
    "holder",
    "identity",
    "nearest",
    "prompt",
    "rendered",
    "take_prompt",
    "upwards",
]

ITERATION: Final = "iteration"
"""The role of an iteration: the one that holds no prompt, because the roles inside of it do."""
_HOLD_NONE: Final = ("", ITERATION)

_KEY: Final = create_key("orchestrace-recording")
_PROMPT: Final = create_key("orchestrace-prompt")
_SPAN: Final[str] = next(iter(set_span_in_context(INVALID_SPAN, Context())))
"""OpenTelemetry's own key."""


def current(context: Context | None = None) -> Recording | None:
    """Return the innermost recording that is open in `context` (default: the current one)."""
    return (get_current() if context is None else context).get(_KEY)  # type: ignore[return-value] # nobody else has it


def current_span() -> Span:
    """Return the span that what starts here stands under: OpenTelemetry's, or ours alone where ours stand apart."""
    if not is_apart():
        return get_current_span()
    here = current()
    return INVALID_SPAN if here is None else here.span


def entered(recording: Recording, context: Context, span: Span | None = None) -> Context:
    """Return `context` with `recording` as its innermost one, and with `span`, if any, as the current one."""
    # One copy, where `set_value` and `set_span_in_context` made two each.
    return Context(context, **({_KEY: recording} if span is None else {_KEY: recording, _SPAN: span}))


def upwards(recording: Recording | None) -> Iterator[Recording]:
    """Yield a recording and those around it, innermost first."""
    while recording is not None:
        yield recording
        recording = recording.parent


def call(recording: Recording | None) -> Recording | None:
    """Return the innermost call, from this recording upwards: a block that says whose something is, is none."""
    return next((one for one in upwards(recording) if one.is_call), None)


def nearest(recording: Recording | None, *roles: str) -> Recording | None:
    """Return the innermost recording, from this one upwards, that has one of the roles."""
    while recording is not None and recording.role not in roles:
        recording = recording.parent
    return recording


def identity(recording: Recording | None) -> dict[str, AttributeValue]:
    """Return what every span inside of a recording carries: names, keys, tags, iteration; the inner one wins."""
    passed: dict[str, AttributeValue] = {}
    while recording is not None:
        if recording.passes_on:
            passed = recording.passes_on | passed
        recording = recording.parent
    return passed


def prompt(recording: Recording | None, context: Context | None = None) -> dict[str, AttributeValue]:
    """Return what a model call inside of a recording carries of the prompt that it comes from."""
    use = rendered(recording, context)
    return {} if use is None else use.identity()


def rendered(recording: Recording | None, context: Context | None = None) -> PromptUse | None:
    """
    Return the prompt that a model call inside of a recording comes from; None where none was rendered in it.

    It is the one that was rendered last where the call is made: in its thread or task, or before these began. Without
    one, because whoever rendered it has left that place, it is the last of them all.
    """
    inside = holder(recording)
    if inside is None:
        return None
    here: tuple[Recording, PromptUse] | None = get_value(_PROMPT, context)  # type: ignore[assignment] # as above
    return here[1] if here is not None and here[0] is inside else inside.prompt


def take_prompt(recording: Recording, use: PromptUse) -> None:
    """Have the calls that are made from here on, in this thread or task and in those that begin here, come from it."""
    attach(set_value(_PROMPT, (recording, use)))


def holder(recording: Recording | None) -> Recording | None:
    """Return whose prompt it is that is rendered in a recording: the innermost role's; no model call or iteration."""
    while recording is not None and recording.role in _HOLD_NONE:
        recording = recording.parent
    return recording
