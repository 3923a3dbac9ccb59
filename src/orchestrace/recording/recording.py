"""One call, from begin to end: a span that ends once whatever happens, and what is passed on to the calls inside."""

from __future__ import annotations

from typing import Final

from opentelemetry.context import get_current
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context

from orchestrace.conventions import ENDING, ERROR_TYPE, ROLE, SCHEMA, SCHEMA_VERSION
from orchestrace.recording import clock, exceptions, finaliser, lineage
from orchestrace.recording.content import is_recorded
from orchestrace.recording.ending import ERROR, INTERRUPTED, End
from orchestrace.recording.guard import report
from orchestrace.recording.prompt_use import PromptUse
from orchestrace.recording.scope import Scope
from orchestrace.recording.tracer import tracer
from orchestrace.recording.usage import Totals
from orchestrace.typing import Attributes, AttributeValue, Nanoseconds

__all__ = ["Recording", "end_all"]

_open: Final[dict[int, Recording]] = {}
"""Every recording of this process that has not ended: what is left when the interpreter leaves was interrupted."""


class Recording:
    """
    A call on its way.

    A subclass says what the span is: it calls `begin` from its constructor. Then the body runs inside `scope`, in one
    stretch or in many, and `end` is called when it is over; only the first `end` counts, from whatever thread it comes.
    `parent` is the recording around it, `passes_on` what every span inside carries as well, `content` whether words may
    be recorded.
    """

    __slots__ = (
        "__weakref__", "_claims", "content", "name", "parent", "passes_on", "prompt", "scope", "span", "started", "totals",
    )  # fmt: skip

    role: str = ""
    """What part of a run this is: the value of `orchestrace.role`; empty for a model call."""

    def __init__(self, name: str, *, start: Nanoseconds | None = None) -> None:
        self.name = name
        self.parent = lineage.current()
        self.content = is_recorded()
        self.passes_on: dict[str, AttributeValue] = {}
        self.totals = Totals()
        self.prompt: PromptUse | None = None
        self.started = clock.now() if start is None else start
        self._claims = [None]

    def begin(
        self, span_name: str, attributes: Attributes, kind: SpanKind = SpanKind.INTERNAL
    ) -> None:
        """Start the span. What it carries from the start is on disk before the body runs, and seen by samplers."""
        context = get_current()
        self.span = self._start(span_name, attributes, kind)
        self.content = self.content and self.span.is_recording()
        self.scope = Scope(lineage.entered(self, set_span_in_context(self.span, context)))
        finaliser.ensure_running()
        _open[id(self)] = self

    def _start(self, name: str, attributes: Attributes, kind: SpanKind) -> Span:
        stands = {SCHEMA: SCHEMA_VERSION, **lineage.identity(self.parent), **self.passes_on, **attributes}
        if self.role:
            stands[ROLE] = self.role
        return tracer().start_span(
            name, None, kind, stands, start_time=self.started, record_exception=False, set_status_on_exception=False
        )

    @property
    def is_open(self) -> bool:
        """Tell whether it has not ended yet."""
        return bool(self._claims)

    def put(self, attributes: Attributes) -> None:
        """Set attributes on the span, if it still takes any."""
        if attributes and self.span.is_recording():
            self.span.set_attributes(attributes)

    def pass_on(self, attributes: Attributes) -> None:
        """Set attributes on the span and on every span that starts inside from now on."""
        self.passes_on.update(attributes)
        self.put(attributes)

    def keep(self, item: object) -> None:
        """Take an item that the body yielded."""

    def rendered(self, use: PromptUse) -> None:
        """Take note of the prompt that the model calls from now on come from."""
        self.prompt = use

    def end(self, end: End) -> None:
        """End the span, once. Never raises. The end that a garbage collection brings is left to our own thread."""
        try:
            self._claims.pop()
        except IndexError:
            return
        _open.pop(id(self), None)
        if finaliser.collecting():
            finaliser.later(lambda: self._finish(end))
        else:
            self._finish(end)

    def _finish(self, end: End) -> None:
        # Each step on its own: what one cannot tell must not cost what the others can.
        for step in (self._tell, self._conclude, self._close):
            try:
                step(end)
            except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
                report(f"end of {type(self).__name__}", error)

    def _tell(self, end: End) -> None:
        """Set what is known only at the end; subclasses say what."""

    def _conclude(self, end: End) -> None:
        self.put({ENDING: end.ending})
        if end.error is not None and self.span.is_recording():
            exceptions.record(self.span, end.error, content=self.content)
            if end.ending == ERROR:
                message = exceptions.message_of(end.error) if self.content else ""
                self._fail(exceptions.type_of(end.error), message)

    def _fail(self, kind: str, message: str) -> None:
        self.put({ERROR_TYPE: kind})
        self.span.set_status(Status(StatusCode.ERROR, message or None))

    def _close(self, end: End) -> None:
        self.span.end(end.at)


def end_all() -> None:
    """End whatever is open as interrupted, innermost first: the process is leaving."""
    for recording in reversed(list(_open.values())):
        recording.end(End(INTERRUPTED, clock.now()))


finaliser.at_exit(end_all)
