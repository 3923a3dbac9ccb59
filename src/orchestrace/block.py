"""What a decorator with arguments is: a decorator, and a context manager for a part of a function."""

from __future__ import annotations

from types import TracebackType

from orchestrace.handle import Handle
from orchestrace.recording import lineage
from orchestrace.recording.arguments import Call
from orchestrace.recording.drivers.block import Passage
from orchestrace.recording.recording import Recording
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.roles.parts import begin
from orchestrace.typing import F
from orchestrace.wrapping import wrap

__all__ = ["Block"]


class Block:
    """
    Put it on a function, or run a block inside of it: `with agent(name="Crafter") as run:`.

    The block gets the handle of `current()`. It may be entered again, also while it is open, by other tasks too.
    """

    __slots__ = ("_declaration", "_method", "_open")

    def __init__(self, declaration: Declaration, method: str | None = None) -> None:
        self._declaration = declaration
        self._method = method
        self._open: list[Passage] = []

    def __call__(self, function: F, /) -> F:
        """Return `function` with every call of it recorded; its type, kind and signature are what they were."""
        wrapped: F = wrap(function, self._declaration, self._method)
        return wrapped

    def __enter__(self) -> Handle:
        said = self._declaration
        passage = Passage(lambda: begin(said, said.name or said.role, Call()))
        passage.enter()
        self._open.append(passage)
        return Handle(passage.followed if isinstance(passage.followed, Recording) else None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            self._passage_here().leave(kind, error, trace)

    def _passage_here(self) -> Passage:
        # Several tasks may be inside: the one to leave is around here, or followed by nobody.
        around = [id(one) for one in lineage.upwards(lineage.current())]
        latest = self._open[::-1]
        passage = next((one for one in latest if one.followed is None or id(one.followed) in around), latest[0])
        self._open.remove(passage)
        return passage

    async def __aenter__(self) -> Handle:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)
