"""Model calls that cross no HTTP client that we tap: record them by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from types import TracebackType
from typing import TYPE_CHECKING, Any

from orchestrace.messages import Message, ModelRequest, ModelResponse, Usage, text
from orchestrace.recording.answer import Answer
from orchestrace.recording.callee import Callee
from orchestrace.recording.drivers.block import Passage
from orchestrace.recording.guard import guarded
from orchestrace.recording.model_call import ModelCall
from orchestrace.recording.snapshot import snapshot
from orchestrace.recording.switch import is_off
from orchestrace.recording.tracer import is_silent
from orchestrace.typing import JSON
from orchestrace.wires.openai_chat_message import read_message

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["LLMCall", "llm_call"]


class LLMCall:
    """
    One model call that is being recorded; from `llm_call`. Its methods never raise.

    A call that crosses a tapped client all the same, inside the block, is this one and no second.
    """

    __slots__ = ("_callee", "_further", "_model", "_passage", "_pieces")

    def __init__(self, model: str, provider: str | None, operation: str) -> None:
        self._model = model
        self._callee = Callee(operation, provider)
        self._passage: Passage | None = None
        self._pieces: list[str] = []
        self._further: Callable[[], None] | None = None

    @guarded("request", None)
    def request(self, messages: str | Sequence[Mapping[str, Any]], **params: Any) -> None:  # noqa: ANN401 - JSON
        """Say what is asked: a text, or messages with `role` and `content` or `parts`, and any further parameters."""
        if (call := self._call) is not None:
            given = {name: snapshot(value) for name, value in params.items()}
            call.asked(ModelRequest(self._model, _messages(messages, "user"), parameters=given))

    @guarded("chunk", None)
    def chunk(self, piece: str) -> None:
        """Take the next piece of a streamed answer; together they are the answer, unless `response` gives another."""
        if (call := self._call) is not None:
            if self._further is not None:
                self._further()
            if not self._pieces:
                self._further = call.first_chunk()
                call.answered(lambda: Answer(self._answer("".join(self._pieces), None, ())))
            self._pieces.append(str(piece))

    @guarded("response", None)
    def response(
        self,
        output: str | Sequence[Mapping[str, Any]],
        usage: Usage | Mapping[str, int] | None = None,
        finish_reasons: Sequence[str] = (),
    ) -> None:
        """Say what was answered, a text or messages; the tokens (`input_tokens`, …); and why the model stopped."""
        if (call := self._call) is not None:
            answer = Answer(self._answer(output, usage, finish_reasons))
            call.answered(lambda: answer)

    @property
    def _call(self) -> ModelCall | None:
        followed = self._passage.followed if self._passage is not None else None
        return followed if isinstance(followed, ModelCall) else None

    def _answer(
        self, output: str | Sequence[Mapping[str, Any]], usage: Usage | Mapping[str, int] | None, reasons: Sequence[str]
    ) -> ModelResponse:
        said = [str(reason) for reason in reasons]
        return ModelResponse(
            messages=_messages(output, "assistant"), finish_reasons=said, raw_finish_reasons=said, usage=_usage(usage)
        )

    def _open(self) -> ModelCall | None:
        return None if is_off() or is_silent() else ModelCall(self._callee, ModelRequest(self._model))

    def __enter__(self) -> Self:
        self._passage = Passage(self._open)
        self._passage.enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._passage is not None:
            self._passage.leave(kind, error, trace)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)


def llm_call(model: str, provider: str | None = None, operation: str = "chat") -> LLMCall:
    """
    Record a model call by hand: a context manager that yields the call, to be told what is asked and answered.

    For what crosses no HTTP client: a model in the process, gRPC, a web socket. `operation` is the conventions' word:
    chat, text_completion, generate_content, embeddings.
    """
    return LLMCall(model, provider, operation)


def _messages(given: str | Sequence[Mapping[str, Any]], role: str) -> list[Message]:
    if isinstance(given, str):
        return [{"role": role, "parts": [text(given)]}]
    return [_message(snapshot(one), role) for one in given]


def _message(given: JSON, role: str) -> Message:
    if not isinstance(given, dict):
        return {"role": role, "parts": [text(str(given))]}
    parts = given.get("parts")
    if isinstance(parts, list):
        return {"role": str(given.get("role") or role), "parts": [part for part in parts if isinstance(part, dict)]}
    return read_message(given, role)


def _usage(given: Usage | Mapping[str, int] | None) -> Usage | None:
    if given is None or isinstance(given, Usage):
        return given
    known = {one.name: given.get(one.name) for one in fields(Usage)}
    counted: dict[str, Any] = {name: count for name, count in known.items() if type(count) is int}
    return Usage(**counted)
