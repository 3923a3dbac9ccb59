"""Whose a run is: say it once, around whatever it is said of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from orchestrace import conventions as names
from orchestrace.exceptions import UsageError
from orchestrace.recording.attribution import Attribution, attributed
from orchestrace.recording.drivers.block import Passages
from orchestrace.recording.drivers.driver import drive
from orchestrace.recording.switch import is_off
from orchestrace.recording.text import label
from orchestrace.typing import AttributeValue, F

__all__ = ["Belonging", "experiment", "experiment_name", "session", "tried"]


def session(id: object, *, user: object = None, tenant: object = None, tags: Iterable[str] = ()) -> Belonging:  # noqa: A002 - the word for it
    """
    Say that what happens inside of the block belongs to a session, a user and a tenant.

    It stands on every span that starts inside, of other libraries too: `gen_ai.conversation.id` and `session.id`,
    `user.id`, `orchestrace.tenant`, `orchestrace.tag.<tag>` = true. What is None or blank is not said. Anything that is
    no text is recorded as text; of one over 256 characters, the start and a hash. Of several blocks the inner one wins;
    what it does not say, it has from the outer one. A decorator's own `session=`, `user=` and `tenant=` win as well.

    A context manager, `with` or `async with`, and a decorator of functions of all kinds. Never raises.
    """
    return Belonging(lambda: attributed(session=id, user=user, tenant=tenant, tags=tags), binds=True)


def experiment(name: str, variant: object) -> Belonging:
    """
    Say which variant of an experiment is tried inside of the block: `orchestrace.experiment.<name>` = variant.

    None says nothing. A context manager and decorator, as `session` is. Raises UsageError if `name` is no text.
    """
    said = experiment_name("experiment", name)
    return Belonging(lambda: tried(said, variant))


def tried(name: str, variant: object) -> dict[str, AttributeValue]:
    """Return the attribute that says which variant of an experiment is tried; none for None and blank ones."""
    text = "" if variant is None else label(variant)
    return {names.EXPERIMENT_PREFIX + label(name): text} if text.strip() else {}


def experiment_name(function: str, name: object) -> str:
    """Return the name of an experiment. Raises UsageError if it is no text, or blank."""
    if not isinstance(name, str) or not name.strip():
        msg = f"{function}({name!r:.80}, …): the first argument names the experiment: give it a text, such as 'tone'."
        raise UsageError(msg)
    return name


class Belonging:
    """
    A block that says whose all inside of it is; a decorator that says it of every call.

    It may be entered again, also while it is open, and by several threads and tasks at once.
    """

    __slots__ = ("_binds", "_passages", "_said")

    def __init__(self, said: Callable[[], dict[str, AttributeValue]], *, binds: bool = False) -> None:
        self._said = said
        self._binds = binds
        self._passages = Passages()

    def __call__(self, function: F, /) -> F:
        """Return `function` with every call of it inside of such a block. Raises UsageError for a class."""
        if isinstance(function, (classmethod, staticmethod)):
            inside: Any = type(function)(self(function.__func__))
            return inside  # type: ignore[no-any-return] # of the same type
        if isinstance(function, type) or not callable(function):
            msg = f"session and experiment were put on {function!r:.80}: put them on a function or a method."
            raise UsageError(msg)
        return drive(function, lambda *_: self._open())  # type: ignore[return-value] # of the same type

    def __enter__(self) -> None:
        self._passages.enter(self._open)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._passages.leave(kind, error, trace)

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def _open(self) -> Attribution | None:
        return None if is_off() else Attribution(self._said(), binds=self._binds)
