"""One request to a model as the program sees it: all its attempts, to the end of its stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from opentelemetry.trace import Span, SpanKind

from orchestrace import conventions as names
from orchestrace.messages import Failure, ModelRequest, ModelResponse
from orchestrace.recording import clock, hosting, lineage
from orchestrace.recording.ending import ABANDONED, CANCELLED, DRAINED, ERROR, RETURNED, End, ending_of
from orchestrace.recording.guard import report
from orchestrace.recording.masking import mask_text
from orchestrace.recording.model_attributes import request_attributes, response_attributes
from orchestrace.recording.recording import Recording
from orchestrace.recording.text import label
from orchestrace.records import SpanRecord
from orchestrace.typing import AttributeValue, Nanoseconds

__all__ = ["Answer", "Callee", "ModelCall"]

_SECOND: Final = 1_000_000_000
_UNREAD: Final = "_OTHER"
"""The conventions' word for an error that has none: what a refusal that we failed to read was about."""


@dataclass(frozen=True, slots=True)
class Callee:
    """Who is asked, and for what: `operation` and `provider` in the words of the conventions."""

    operation: str
    provider: str | None = None
    address: str | None = None
    port: int | None = None

    def attributes(self) -> dict[str, AttributeValue]:
        """Return what is known."""
        known = {
            names.OPERATION_NAME: self.operation,
            names.PROVIDER_NAME: self.provider,
            names.SERVER_ADDRESS: self.address,
            names.SERVER_PORT: self.port,
        }
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back in one attempt; `status` is HTTP's, `body` the text of an error's body."""

    response: ModelResponse | None = None
    status: int | None = None
    failure: Failure | None = None
    body: str | None = None
    cut: bool = False
    """More came than was kept, so that its end (tokens, finish reasons) is not known."""


class ModelCall(Recording):
    """
    A call to a model.

    If the current span already is a model call's, that span hosts this one (see `hosting`) and no other is made. How
    the call ended is told by what came: a stream that is closed after its last event was drained, whoever closed it.
    """

    __slots__ = (
        "_attempts",
        "_cut",
        "_error",
        "_first_chunk",
        "_host",
        "_kept",
        "_read",
        "_refused",
        "_status",
        "_streams",
    )

    def __init__(self, callee: Callee, request: ModelRequest, *, start: Nanoseconds | None = None) -> None:
        super().__init__(request.model or "", start=start)
        self._host = hosting.current_host()
        if self._host is not None:
            self.started: Nanoseconds = max(self.started, hosting.start_of(self._host))
        self._kept: dict[str, AttributeValue] = {}
        self._status: str | None = None
        self._attempts = 0
        self._streams = request.stream
        self.attempt()
        asked = callee.attributes() | request_attributes(request, content=self.content) | lineage.prompt(self.parent)
        self._cut: Any = asked.get(names.TRUNCATED, ())
        self.begin(f"{callee.operation} {request.model}" if request.model else callee.operation, asked, SpanKind.CLIENT)

    def attempt(self) -> None:
        """Count a further HTTP request; what came of the one before is no longer the answer."""
        self._attempts += 1
        self._read: Callable[[], Answer] | None = None
        self._refused = False
        self._error: BaseException | None = None
        self._first_chunk: Nanoseconds | None = None

    def asked(self, request: ModelRequest) -> None:
        """Say more of what is asked."""
        told = request_attributes(request, content=self.content)
        self._cut = told.get(names.TRUNCATED, self._cut)
        self.put(told)

    @property
    def may_retry(self) -> bool:
        """Tell whether the last attempt failed, so that another can follow."""
        return self._refused or self._error is not None

    def answered(self, read: Callable[[], Answer], *, refused: bool = False) -> None:
        """Say how to read what came back, or came so far; it is read once, at the end."""
        self._read, self._refused = read, refused

    def failed(self, error: BaseException) -> None:
        """Say what came out of the attempt instead of an answer."""
        self._error = error

    def first_chunk(self) -> None:
        """Say that the first piece of a stream came just now."""
        self._first_chunk = clock.now()

    def host_ended(self, at: Nanoseconds | None) -> None:
        """End with the span that hosts this call."""
        self.end(End(ABANDONED if self._error is None else ending_of(self._error), at or clock.now()))

    def merge_into(self, record: SpanRecord) -> None:
        """Write all that is known of the call onto the copy of its host that we keep."""
        record.attributes.update(self._kept)
        if self._status is not None:
            record.status, record.status_message = "ERROR", record.status_message or self._status or None

    def put(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Set attributes on the span, and keep them if it is another library's."""
        if self._host is not None:
            self._kept.update(attributes)
        super().put(attributes)

    def _start(self, name: str, attributes: Mapping[str, AttributeValue], kind: SpanKind) -> Span:
        if self._host is None:
            return super()._start(name, attributes, kind)
        hosting.claim(self._host, self)
        self.span: Span = self._host
        self.put({names.SCHEMA: names.SCHEMA_VERSION, **attributes})
        return self._host

    def _finish(self, end: End) -> None:
        answer = self._answer()
        self._read = self._error = None  # they hold the bytes, and the frames of the program
        super()._finish(replace(end, ending=self._ending(end, answer), value=answer))

    def _answer(self) -> Answer:
        try:
            return self._read() if self._read is not None else Answer()
        except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
            report("reading an answer", error)
            return Answer(failure=Failure(_UNREAD) if self._refused else None)

    def _ending(self, end: End, answer: Answer) -> str:
        if end.ending == CANCELLED:
            return CANCELLED
        if answer.failure is not None:
            return ERROR
        whole = end.ending == DRAINED or (answer.response is not None and answer.response.complete)
        if whole and end.ending in (ABANDONED, DRAINED):
            return DRAINED if self._streams else RETURNED
        return end.ending

    def _tell(self, end: End) -> None:
        answer: Answer = end.value  # type: ignore[assignment] # _finish put it there
        if self.totals.calls:  # made by hand around a call that was recorded at the wire: that one told everything
            return
        told: dict[str, AttributeValue] = {names.ATTEMPTS: self._attempts}
        if answer.response is not None:
            told |= response_attributes(answer.response, content=self.content)
            if names.TRUNCATED in told or answer.cut:
                told[names.TRUNCATED] = [*self._cut, names.OUTPUT_MESSAGES]
        if answer.status is not None and answer.failure is not None:
            told[names.HTTP_STATUS] = answer.status
        if answer.body and self.content:
            told[names.RESPONSE_BODY] = mask_text(answer.body)
        if self._first_chunk is not None and self._streams:
            told[names.RESPONSE_TIME_TO_FIRST_CHUNK] = max(self._first_chunk - self.started, 0) / _SECOND
        self.put(told)
        for above in lineage.upwards(self.parent):
            above.totals.add(answer.response.usage if answer.response is not None else None)

    def _conclude(self, end: End) -> None:
        super()._conclude(end)
        answer: Answer = end.value  # type: ignore[assignment] # _finish put it there
        if end.ending == ERROR and answer.failure is not None:
            self._fail(label(answer.failure.type), mask_text(answer.failure.message) if self.content else "")

    def _fail(self, kind: str, message: str) -> None:
        self._status = message
        super()._fail(kind, message)

    def _close(self, end: End) -> None:
        if self._host is None:
            super()._close(end)
