"""One request to a model as the program sees it: all its attempts, to the end of its stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from opentelemetry.trace import Span, SpanKind

from orchestrace import conventions as names
from orchestrace.messages import Failure, ModelRequest, ModelResponse
from orchestrace.recording import clock, details, events, exceptions, hosting, lineage, retelling
from orchestrace.recording.answer import Answer
from orchestrace.recording.callee import Callee
from orchestrace.recording.ending import ERROR, INTERRUPTED, RETURNED, End
from orchestrace.recording.few_shot import shown_in
from orchestrace.recording.guard import report
from orchestrace.recording.keeper import announce
from orchestrace.recording.masking import mask_text
from orchestrace.recording.measuring import meter
from orchestrace.recording.measuring.call import INFERENCE, EndedCall, call_measurements
from orchestrace.recording.model_attributes import request_attributes, response_attributes
from orchestrace.recording.pricing.cost import Cost, cost_of
from orchestrace.recording.recording import Recording
from orchestrace.recording.text import label
from orchestrace.recording.usage import INFERENCE_CALL, Totals, Used
from orchestrace.typing import AttributeValue, Nanoseconds

__all__ = ["ModelCall"]

_SECOND: Final = 1_000_000_000
_FIGURES: Final = frozenset({names.ATTEMPTS, names.HTTP_STATUS, names.RESPONSE_TIME_TO_FIRST_CHUNK})
_NO_INFERENCE: Final = frozenset({"count_tokens", "create_batch", "fetch_response", "moderation"})
"""What is asked of a provider besides having a model generate something: no call that is counted, or has a host."""
_UNREAD: Final = "_OTHER"
"""The conventions' word for an error that has none: what a refusal that we failed to read was about."""


class ModelCall(Recording):
    """
    A call to a model.

    If the current span already is a model call's, that span hosts this one (see `hosting`) and no other is made. How
    the call ended is told by what came: a stream that is closed after its last event was drained, whoever closed it.
    """

    __slots__ = (
        "_attempts",
        "_callee",
        "_chunks",
        "_cut",
        "_details",
        "_ending_is_told",
        "_error",
        "_error_type",
        "_host",
        "_hosted",
        "_read",
        "_refused",
        "_streams",
    )

    def __init__(self, callee: Callee, request: ModelRequest, *, start: Nanoseconds | None = None) -> None:
        super().__init__(request.model or "", start=start)
        # Mostly nothing is around, and then nothing of all that need be looked for.
        self._host = hosting.current_host() if self._around and callee.operation not in _NO_INFERENCE else None
        if self._host is not None:
            self.started: Nanoseconds = max(self.started, hosting.start_of(self._host))
        self._hosted: hosting.Hosted | None = None
        self._attempts = 0
        self._streams = request.stream
        self._callee = callee
        self._error_type: str | None = None
        self._ending_is_told = False
        self._details = details.wanted()
        self.attempt()
        asked = {**callee.attributes(), **self._said(request_attributes, request)}
        if self.parent is not None or self._details is not None:
            asked |= self._prompted(request)
        self._cut: Any = asked.get(names.TRUNCATED, ())
        self.begin(f"{callee.operation} {request.model}" if request.model else callee.operation, asked, SpanKind.CLIENT)

    def _prompted(self, request: ModelRequest) -> dict[str, AttributeValue]:
        prompt = lineage.prompt(self.parent, self._around)
        if self._details is not None:
            self._details.tell({**lineage.identity(self.parent), **self._callee.attributes(), **prompt})
        return prompt | self._shown(request) if names.FEW_SHOT_HASH in prompt else prompt

    def attempt(self) -> None:
        """Count a further HTTP request; what came of the one before is no longer the answer."""
        self._attempts += 1
        self._read: Callable[[], Answer] | None = None
        self._refused = False
        self._error: BaseException | None = None
        self._chunks: Sequence[Nanoseconds] = ()

    def asked(self, request: ModelRequest) -> None:
        """Say more of what is asked."""
        told = self._said(request_attributes, request)
        self._cut = told.get(names.TRUNCATED, self._cut)
        self.put(told | self._shown(request))
        self.announce()

    @property
    def may_retry(self) -> bool:
        """Tell whether the last attempt failed, so that another can follow."""
        return self._refused or self._error is not None

    def answered(self, read: Callable[[], Answer], *, refused: bool = False, whole: bool = False) -> None:
        """
        Say how to read what came back, or came so far; it is read once, at the end.

        A `whole` answer stands on a host at once: it may end before we do, and others' exporters see what it has then.
        """
        self._read, self._refused = read, refused
        if not whole and not refused:
            self.become_stream()
        if whole and not refused and self._hosted is not None:
            answer = self._answer()
            self._read = lambda: answer
            self.put(self._told(answer) | {names.ENDING: RETURNED})

    def failed(self, error: BaseException) -> None:
        """Say what came out of the attempt instead of an answer."""
        self._error = error

    def first_chunk(self) -> Callable[[], None] | None:
        """Say that the first piece of a stream came just now; return what wants to hear of the next ones, if any."""
        self._chunks = chunks = [clock.now()]
        return None if meter.is_silent() else lambda: chunks.append(clock.now())

    def put(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Set attributes on the span, and keep them if it is another library's."""
        if self._hosted is not None:
            self._hosted.attributes.update(attributes)
        super().put(attributes)

    def _start(self, name: str, attributes: Mapping[str, AttributeValue], kind: SpanKind) -> Span:
        if self._host is None:
            span = super()._start(name, attributes, kind)
            retelling.tell(span, self.started, self.name)
            return span
        self._hosted = hosting.claim(self._host)
        self.span: Span = self._host
        self.put({names.SCHEMA: names.SCHEMA_VERSION, **attributes})
        announce(self._host)
        return self._host

    def _finish(self, end: End) -> None:
        answer = self._answer()
        self._read = self._error = None  # they hold the bytes, and the frames of the program
        ending = answer.ending(end.ending, streams=self._streams)
        super()._finish(End(ending, end.at, answer, end.error, end.failure))

    def _answer(self) -> Answer:
        try:
            return self._read() if self._read is not None else Answer()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("reading an answer", error)
            return Answer(failure=Failure(_UNREAD) if self._refused else None)

    def _tell(self, end: End) -> None:
        answer: Answer = end.value  # type: ignore[assignment] # _finish put it there
        if self._is_made_around_another:
            return
        told = self._told(answer)
        cost = self._cost(answer.response)
        if cost is not None:
            priced = cost.attributes()
            told |= priced
            if self._details is not None:
                self._details.tell(priced)
        told[names.ENDING] = end.ending  # with the rest: to set attributes twice takes twice the time
        self.put(told)
        self._ending_is_told = True
        if self._is_stream and self.content:
            self._gave = answer.said()
        if self.parent is not None and self._callee.operation not in _NO_INFERENCE:
            used = self._used(answer.response, cost, end.at)
            for above in lineage.upwards(self.parent):
                above.totals.add(used)

    def count_in(self, totals: Totals) -> None:
        """Add the tokens that the answer has told so far."""
        if self._callee.operation not in _NO_INFERENCE and not self._is_made_around_another:
            response = self._answer().response
            totals.add(self._used(response, self._cost(response), clock.now()))

    def _used(self, response: ModelResponse | None, cost: Cost | None, at: Nanoseconds) -> Used:
        call = self.span.get_span_context().span_id
        return Used(None if response is None else response.usage, self.started, at, cost, call)

    def _cost(self, response: ModelResponse | None) -> Cost | None:
        if response is None or self._callee.operation in _NO_INFERENCE:
            return None
        tier = response.attributes.get(names.OPENAI_RESPONSE_SERVICE_TIER)
        return cost_of(response.usage, self._callee.provider, (response.model, self.name), tier, self.started)

    @property
    def _is_made_around_another(self) -> bool:
        """Made by hand around a call that was recorded at the wire, or still is: that one tells everything."""
        return bool(self.totals.used) or (self.streams.any and self.streams.are_open)

    def _told(self, answer: Answer) -> dict[str, AttributeValue]:
        told: dict[str, AttributeValue] = {names.ATTEMPTS: self._attempts}
        if answer.response is not None:
            told |= self._said(response_attributes, answer.response)
            if names.TRUNCATED in told or answer.cut:
                told[names.TRUNCATED] = [*self._cut, names.OUTPUT_MESSAGES]
        if answer.status is not None and answer.failure is not None:
            told[names.HTTP_STATUS] = answer.status
        if answer.body and self.content:
            told[names.RESPONSE_BODY] = mask_text(answer.body)
        if self._chunks and self._streams:
            told[names.RESPONSE_TIME_TO_FIRST_CHUNK] = max(self._chunks[0] - self.started, 0) / _SECOND
        if self._details is not None:
            self._details.tell({name: told[name] for name in told.keys() & _FIGURES})
        return told

    def _conclude(self, end: End) -> None:
        if self._ending_is_told and end.ending != ERROR and end.error is None and end.failure is None:
            return
        super()._conclude(end)
        answer: Answer = end.value  # type: ignore[assignment] # _finish put it there
        if end.ending == ERROR and answer.failure is not None:
            self.put({names.ERROR_TYPE: label(answer.failure.type)})
            self._fail(label(answer.failure.type), mask_text(answer.failure.message) if self.content else "")
        elif end.ending == ERROR and end.error is not None and not self.span.is_recording():  # a host that ended first
            self._fail(exceptions.type_of(end.error), exceptions.message_of(end.error) if self.content else "")
        if end.ending == ERROR and not events.is_silent():
            self._emit_exception(end, answer)

    def _emit_exception(self, end: End, answer: Answer) -> None:
        content = events.may_say(recorded=self.content)
        if end.error is not None:
            said = exceptions.attributes_of(end.error, content=content)
        elif answer.failure is not None:
            said = {names.EXCEPTION_TYPE: label(answer.failure.type)}
            said |= {names.EXCEPTION_MESSAGE: mask_text(answer.failure.message)} if content else {}
        else:
            return
        events.emit(names.CLIENT_EXCEPTION_EVENT, said, self.span, severity=events.WARN, at=end.at)

    def _measure(self, end: End) -> None:
        if self._is_made_around_another:
            return
        answer: Answer = end.value  # type: ignore[assignment] # _finish put it there
        if self._details is not None:
            self._details.tell({} if self._error_type is None else {names.ERROR_TYPE: self._error_type})
            self._details.emit(self.span, end.at)
        if self.parent is not None and self._callee.operation in INFERENCE:
            agent = lineage.nearest(self.parent, "agent")
            if agent is not None:
                agent.totals.add_own(INFERENCE_CALL)
        if not meter.is_silent():
            meter.measure(self._measurements(end, answer.response), self.span)

    def _measurements(self, end: End, response: ModelResponse | None) -> Iterator[meter.Measurement]:
        models = {names.REQUEST_MODEL: self.name, names.RESPONSE_MODEL: response.model if response else None}
        ended = EndedCall(
            said={**self._callee.attributes(), **{name: model for name, model in models.items() if model}},
            started=self.started,
            ended=end.at,
            usage=response.usage if response else None,
            error=self._error_type,
            chunks=self._chunks if self._streams else (),
        )
        yield from call_measurements(ended)

    def _shown(self, request: ModelRequest) -> dict[str, AttributeValue]:
        return shown_in(request, lineage.rendered(self.parent)) if self.content and self.parent is not None else {}

    def _said(self, write: Callable[..., dict[str, AttributeValue]], what: object) -> dict[str, AttributeValue]:
        """Return what the span says of something, and have the event say it too, which may have other words."""
        if self._details is not None:
            self._details.tell(write(what, content=self._details.content))
        return write(what, content=self.content)

    def _fail(self, kind: str, message: str) -> None:
        self._error_type = kind
        if self._hosted is not None:
            self._hosted.status = message
        if self.span.is_recording():
            super()._fail(kind, message)
        elif self._hosted is not None:
            self._hosted.error_type = kind

    def _close(self, end: End) -> None:
        if self._hosted is None:
            self.span.end(end.at)
        else:
            self._hosted.is_over()
            if end.ending == INTERRUPTED:  # the program leaves, and whoever made the host need not end it
                announce(self.span)
