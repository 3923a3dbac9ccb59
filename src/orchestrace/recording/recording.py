"""One call, from begin to end: a span that ends once whatever happens, and what is passed on to the calls inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from opentelemetry.context import get_current
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context

from orchestrace.conventions import ENDING, ERROR_TYPE, ROLE, SCHEMA, SCHEMA_VERSION
from orchestrace.recording import clock, exceptions, finaliser, lineage, unended
from orchestrace.recording.attributes import set_on
from orchestrace.recording.content import is_recorded
from orchestrace.recording.ending import ABANDONED, ERROR, INTERRUPTED, End
from orchestrace.recording.guard import report
from orchestrace.recording.keeper import announce
from orchestrace.recording.prompt_use import PromptUse
from orchestrace.recording.scope import Scope
from orchestrace.recording.selectors import MISSING
from orchestrace.recording.shortening import shortened
from orchestrace.recording.strand import current_strand
from orchestrace.recording.streams import StreamEnd, Streams
from orchestrace.recording.tracer import is_apart, tracer
from orchestrace.recording.usage import Totals
from orchestrace.typing import Attributes, AttributeValue, Nanoseconds

__all__ = ["Recording"]


class Recording:
    """
    A call on its way.

    A subclass says what the span is: it calls `begin` from its constructor. Then the body runs inside `scope`, in one
    stretch or in many, and `end` is called when it is over; only the first `end` counts, from whatever thread it comes.
    The call ends then, or later, with the `streams` inside that it waits for. `parent` is the recording around it,
    `passes_on` what every span inside carries as well, `content` whether words may be recorded.
    """

    __slots__ = (
        "__weakref__",
        "_around",
        "_claims",
        "_failure",
        "_gave",
        "_is_stream",
        "content",
        "name",
        "parent",
        "passes_on",
        "prompt",
        "span",
        "started",
        "streams",
        "totals",
    )

    role: str = ""
    """What part of a run this is: the value of `orchestrace.role`; empty for a model call."""
    is_call: ClassVar[bool] = True
    """Whether something is called here; a block that only says whose all inside of it is calls nothing."""

    def __init__(self, name: str, *, start: Nanoseconds | None = None) -> None:
        self.name: str = name
        self._around = around = get_current()
        self.parent: Recording | None = lineage.current(around)
        self.content: bool = is_recorded(around)
        self.passes_on: dict[str, AttributeValue] = {}
        self.totals: Totals = Totals()
        self.streams: Streams = Streams()
        self.prompt: PromptUse | None = None
        self.started: Nanoseconds = clock.now() if start is None else start
        self._claims: list[None] = []
        """One, from the begin to the end of the body: whoever takes it is the one that ends the call."""
        self._is_stream: bool = False
        self._gave: object = MISSING
        """What a stream gave, for the call that returned it."""
        self._failure: tuple[str, str] | None = None

    def begin(self, span_name: str, attributes: Attributes, kind: SpanKind = SpanKind.INTERNAL) -> None:
        """Start the span. What it carries from the start is on disk before the body runs, and seen by samplers."""
        if self.parent is not None:
            self.parent.goes_on()
        self.span: Span = self._start(span_name, attributes, kind)
        self._claims.append(None)
        self.content = self.content and self.span.is_recording()
        finaliser.ensure_running()
        unended.began(self)

    def _start(self, name: str, attributes: Attributes, kind: SpanKind) -> Span:
        passed = {} if self.parent is None else lineage.identity(self.parent)
        stands = {SCHEMA: SCHEMA_VERSION, **passed, **self.passes_on, **attributes}
        if self.role:
            stands[ROLE] = self.role
        return tracer().start_span(
            name,
            set_span_in_context(lineage.current_span()) if is_apart() else self._around,
            kind,
            shortened(stands),
            start_time=self.started,
            record_exception=False,
            set_status_on_exception=False,
        )

    @property
    def scope(self) -> Scope:
        """A scope in which this is the innermost recording. It is made when asked for: kept here, it would hold us."""
        return Scope(lineage.entered(self, self._around, None if is_apart() else self.span))

    @property
    def judged(self) -> Span:
        """The span that a verdict which is given here is about."""
        return self.span

    @property
    def is_open(self) -> bool:
        """Tell whether it has not ended yet."""
        return bool(self._claims) or self.streams.held

    def put(self, attributes: Attributes) -> None:
        """Set attributes on the span, if it still takes any."""
        if attributes and self.span.is_recording():
            set_on(self.span, shortened(attributes, self.span))

    def pass_on(self, attributes: Attributes) -> None:
        """Set attributes on the span, kept at once as those of its start, and on all that start inside from now on."""
        if not attributes.items() <= self.passes_on.items():
            self.passes_on.update(attributes)
            self.put(attributes)
            self.announce()

    def announce(self) -> None:
        """Have all that the span says by now be kept, should it never end; a forked child leaves it to its parent."""
        if self.is_open:
            announce(self.span)

    def become_stream(self) -> None:
        """Say that this is read as it comes, perhaps when the function around has returned: see `Streams`."""
        if not self._is_stream:
            self._is_stream, strand = True, current_strand()
            for above in lineage.upwards(self.parent):
                above.streams.opened(self, strand)

    def count_in(self, totals: Totals) -> None:
        """Add what was used so far, for a call around that ends before this does."""

    def goes_on(self) -> None:
        """Hear that something else begins inside."""

    def keep(self, item: object) -> None:
        """Take an item that the body yielded."""

    def rendered(self, use: PromptUse) -> None:
        """Take note of the prompt that the model calls from now on come from."""
        self.prompt = use

    def end(self, end: End) -> None:
        """End the body, once. Never raises. The end that a garbage collection brings is left to our own thread."""
        try:
            self._claims.pop()
        except IndexError:
            if end.ending == INTERRUPTED:
                self._break_off(end)
            return
        if finaliser.collecting():
            finaliser.later(lambda: self._over(end))
        else:
            self._over(end)

    def disown(self) -> None:
        """Leave the end to the process that this one was forked from."""
        self._claims.clear()
        self.streams.release()

    def _over(self, end: End) -> None:
        waits = False
        try:
            try:
                self._take(end)
            except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
                self._report(error)
            # Its value is let go of: it may be the stream, and then whoever drops that must be the last to hold it.
            if self.streams.any:
                waits = self.streams.are_open and self.streams.hold(end._replace(value=MISSING))
                if not waits:
                    end = self.streams.outcome(end)
        finally:
            if not waits:
                self._finish(end)

    def _break_off(self, end: End) -> None:
        held = self.streams.release()
        if held is not None:
            self._finish(held._replace(ending=end.ending, at=end.at))

    def _take(self, end: End) -> None:
        """Take what came out of the body, as soon as it is over; subclasses say what."""

    def _finish(self, end: End) -> None:
        # Each step on its own: what one cannot tell must not cost what the others can. What passes all the same, an
        # interrupt of the user's, finds the span ended.
        unended.is_over(self)
        try:
            self._do((self._tell, self._conclude, self._measure), end)
        finally:
            self._do((self._close, self._let_go), end)

    def _do(self, steps: Sequence[Callable[[End], None]], end: End) -> None:
        for step in steps:
            try:
                step(end)
            except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
                self._report(error)

    def _report(self, error: Exception) -> None:
        report(f"end of {type(self).__name__}", error)

    def _tell(self, end: End) -> None:
        """Set what is known only at the end; subclasses say what."""

    def _conclude(self, end: End) -> None:
        self.put({ENDING: end.ending})
        if end.error is not None and self.span.is_recording():
            exceptions.record(self.span, end.error, end.at, content=self.content)
            if end.ending == ERROR:
                message = exceptions.message_of(end.error) if self.content else ""
                self._fail(exceptions.type_of(end.error), message)
        elif end.failure is not None:
            self._fail(*end.failure)

    def _measure(self, end: End) -> None:
        """Measure what is told in numbers by metrics; subclasses say what."""

    def _fail(self, kind: str, message: str) -> None:
        self._failure = kind, message
        self.put({ERROR_TYPE: kind})
        self.span.set_status(Status(StatusCode.ERROR, message or None))

    def _close(self, end: End) -> None:
        self.span.end(end.at)

    def _let_go(self, end: End) -> None:
        if not self._is_stream:
            return
        gave, self._gave = StreamEnd(end.ending, end.at, self._failure, self._gave), MISSING
        for above in lineage.upwards(self.parent):
            above._hear(self, gave)  # noqa: SLF001 - same class
            if above._is_stream:  # noqa: SLF001 - likewise
                gave = gave._replace(said=MISSING)  # that one says itself what became of this

    def _hear(self, stream: Recording, gave: StreamEnd) -> None:
        body = self.streams.closed(stream, gave)
        if body is None:
            return
        try:
            body = self.streams.outcome(body)
        finally:
            self._finish(body)

    def __del__(self) -> None:
        # Whoever followed the body is gone without a word: a generator whose event loop is closed is not even closed.
        # What waits for streams is ended by theirs, which come this way if no other.
        if getattr(self, "_claims", None):
            finaliser.later(lambda: self.end(End(ABANDONED, clock.now())))
