"""Read an exception for a span."""

from __future__ import annotations

import traceback
from typing import Final

from opentelemetry.trace import Span

from orchestrace.conventions import EXCEPTION_EVENT, EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE
from orchestrace.recording.fields import type_name
from orchestrace.recording.masking import mask_text
from orchestrace.typing import AttributeValue, Nanoseconds

__all__ = ["attributes_of", "message_of", "record", "type_of"]

_MESSAGE: Final = 4096
_TRACE: Final = 32_768
_FRAMES: Final = 64
_MARGIN: Final = 1024
"""Read beyond a cut before masking, so that no key is cut in two and missed."""


def record(span: Span, error: BaseException, at: Nanoseconds, *, content: bool) -> None:
    """
    Put an event onto `span` that says which exception came out of the call, and when.

    A message may quote a prompt, so it is content, and so is the stack trace, which quotes the message.
    """
    span.add_event(EXCEPTION_EVENT, attributes_of(error, content=content), at)


def attributes_of(error: BaseException, *, content: bool) -> dict[str, AttributeValue]:
    """Return what such an event says of an exception."""
    attributes: dict[str, AttributeValue] = {EXCEPTION_TYPE: type_of(error)}
    if content:
        attributes |= {EXCEPTION_MESSAGE: message_of(error), EXCEPTION_STACKTRACE: _trace(error)}
    return attributes


def type_of(error: BaseException) -> str:
    """Return `module.QualName` of an exception's class."""
    return type_name(type(error))


def message_of(error: BaseException) -> str:
    """Return the words of an exception, masked and bounded; empty where its `__str__` raises."""
    try:
        return mask_text(str(error)[: _MESSAGE + _MARGIN])[:_MESSAGE]
    except Exception:  # noqa: BLE001 - a stranger's method
        return ""


def _trace(error: BaseException) -> str:
    try:
        lines = traceback.format_exception(type(error), error, error.__traceback__, limit=-_FRAMES)
        return mask_text("".join(lines)[-_TRACE - _MARGIN :])[-_TRACE:]
    except Exception:  # noqa: BLE001 - formatting asks the exception for its words
        return ""
