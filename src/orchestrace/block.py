"""What a decorator with arguments is: a decorator, and a context manager for a part of a function."""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType

from orchestrace.handle import Handle
from orchestrace.recording import lineage
from orchestrace.recording.arguments import Call
from orchestrace.recording.drivers.block import Passage
from orchestrace.recording.guard import guarded
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
        passage = self._take()
        if passage is not None:
            passage.leave(kind, error, trace)

    async def __aenter__(self) -> Handle:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def _take(self) -> Passage | None:
        """Take the passage that is being left: of those around what runs here, the one that was entered last."""
        entered = self._open[::-1]
        around = _around()
        found = [one for one in entered if one.followed in around] or [one for one in entered if one.followed is None]
        # Where it was entered in another context, as a fixture may be, the last one is the best guess.
        passage = next(iter(found or entered), None)
        with suppress(ValueError):  # another thread guessed the same
            self._open.remove(passage)  # type: ignore[arg-type] # nothing is not in it either
        return passage


@guarded("end of a block", tuple[Recording, ...]())
def _around() -> tuple[Recording, ...]:
    return tuple(lineage.upwards(lineage.current()))
