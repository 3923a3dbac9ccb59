"""What a decorator with arguments is: a decorator, and a context manager for a part of a function."""

from __future__ import annotations

from types import TracebackType

from orchestrace.handle import Handle
from orchestrace.recording.arguments import Call
from orchestrace.recording.drivers.block import Passages
from orchestrace.recording.recording import Recording
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.roles.parts import begin
from orchestrace.typing import F
from orchestrace.wrapping import wrap

__all__ = ["Block"]


class Block:
    """
    Put it on a function, or run a block inside of it: `with agent(name="Crafter") as run:`.

    The block gets the handle of `current()`. It may be entered again, also while it is open, and by several threads and
    tasks at once.
    """

    __slots__ = ("_declaration", "_method", "_passages")

    def __init__(self, declaration: Declaration, method: str | None = None) -> None:
        self._declaration = declaration
        self._method = method
        self._passages = Passages()

    def __call__(self, function: F, /) -> F:
        """Return `function` with every call of it recorded; its type, kind and signature are what they were."""
        wrapped: F = wrap(function, self._declaration, self._method)
        return wrapped

    def __enter__(self) -> Handle:
        said = self._declaration
        followed = self._passages.enter(lambda: begin(said, said.name or said.role, Call()))
        return Handle(followed if isinstance(followed, Recording) else None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._passages.leave(kind, error, trace)

    async def __aenter__(self) -> Handle:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)
