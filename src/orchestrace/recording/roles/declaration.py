"""What a developer said about a call when they decorated it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from orchestrace.recording.prompt_use import PromptUse
from orchestrace.typing import Selector

__all__ = ["Declaration", "Verdict"]


class Verdict(Protocol):
    """What an evaluator found; None is not said."""

    @property
    def name(self) -> str | None:
        """What was judged."""

    @property
    def score(self) -> float | None:
        """How good it is, on the evaluator's own scale."""

    @property
    def label(self) -> str | None:
        """How good it is, in a word."""

    @property
    def passed(self) -> bool | None:
        """Whether it is good enough."""

    @property
    def feedback(self) -> str | None:
        """What is to be better."""


class Declaration(NamedTuple):
    """The arguments of a decorator. Selectors find values in the arguments of each call (`read`: in its result)."""

    role: str
    name: str | None = None
    version: str | None = None
    description: str | None = None
    config: Selector | Mapping[str, object] | object | None = None
    key: Selector | None = None
    session: Selector | None = None
    user: Selector | None = None
    tenant: Selector | None = None
    inputs: Sequence[str] | None = None
    reference_only: Collection[str] = ()
    """Names of arguments, or `return`, that are recorded by reference."""
    read: Selector | Mapping[str, Selector] | None = None
    reduce: Callable[[list[object]], object] | None = None
    prompt: PromptUse | None = None
    starts_iteration: bool | None = None
    kind: str | None = None
    """Who evaluates: human, llm or code."""
    rubric: object | None = None
    """By what: a text, or data."""
    verdicts: Callable[[object, str], Sequence[Verdict]] | None = None
    """How to read an evaluator's result; also gets the evaluator's name, for verdicts that have none."""
    in_force: Callable[[], bool] | None = None
    """Whether calls are recorded at present; None: always."""
