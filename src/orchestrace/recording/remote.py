"""A call that is open in another process: what is known of it here, for the calls inside of it."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext

from orchestrace.conventions import AGENT_NAME
from orchestrace.recording.prompt_use import PromptUse
from orchestrace.recording.recording import Recording
from orchestrace.recording.usage import Totals, Uncounted
from orchestrace.typing import AttributeValue

__all__ = ["Remote"]


class Remote(Recording):
    """
    Stand in a lineage for a call that another process records.

    It was never begun here and is not ended here. It passes on what that process knew when it wrote: the identity of
    the run, and the prompt that was current. What is summed up there, only the calls there add to. `reference` is that
    of the run, empty where it has none.
    """

    __slots__ = ("reference",)

    role = "remote"

    def __init__(
        self,
        around: SpanContext,
        passes_on: Mapping[str, AttributeValue],
        prompt: PromptUse | None = None,
        reference: str = "",
    ) -> None:
        super().__init__(str(passes_on.get(AGENT_NAME, "")))
        self.parent: Recording | None = None
        self._around = Context()  # nor does it hold the one that was read before it
        self.span: Span = NonRecordingSpan(around)
        self.passes_on.update(passes_on)
        self.prompt: PromptUse | None = prompt
        self.totals: Totals = Uncounted()
        self.reference: str = reference
