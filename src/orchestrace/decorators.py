"""The decorators: say what a function is to a run, and every call of it is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypedDict, overload

from orchestrace.block import Block
from orchestrace.evaluations import named, read_evaluations
from orchestrace.exceptions import UsageError
from orchestrace.prompts import Prompt
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.typing import F, Selector

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "AgentOptions",
    "EvaluatorOptions",
    "GeneratorOptions",
    "Options",
    "agent",
    "evaluator",
    "generator",
    "retriever",
    "tool",
    "workflow",
]


class Options(TypedDict, total=False):
    """
    What every decorator can be told.

    A selector is a dotted path over the arguments (`"ctx.email_id"`, `"self.settings"`), or a callable that gets the
    call's own arguments.
    """

    name: str | None
    """Default: the function's name; for a method or class `type(self).__name__`."""
    key: Selector | None
    """The business object that this is about: the run is found by it later."""
    session: Selector | None
    user: Selector | None
    tenant: Selector | None
    config: Selector | Mapping[str, Any] | object | None
    """The settings in force: a selector, or a mapping or model."""
    inputs: Sequence[str] | None
    """Names of arguments, or paths over them, that are recorded as input; default: all."""
    read: Selector | Mapping[str, Selector] | None
    """What to record of the result, as a path over it or a callable that gets it."""
    reduce: Callable[[list[Any]], object] | None
    """What to record of the items of a stream; default: texts joined, else a bounded list."""


class AgentOptions(Options, total=False):
    """What `agent` can be told besides."""

    version: str | None
    description: str | None
    """Default: the first line of the docstring."""
    method: str | None
    """On a class: the method that runs it; default `__call__`."""


class GeneratorOptions(Options, total=False):
    """What `generator` can be told besides."""

    prompt: Prompt[Any] | None
    """The prompt of the model calls inside; default: the one that was rendered last."""
    starts_iteration: bool | None
    """Outside of `iterations()`: whether a call begins the next iteration; default: if an evaluator has ended since."""


class EvaluatorOptions(Options, total=False):
    """What `evaluator` can be told besides."""

    version: str | None
    kind: str | None
    """Who judges: human, llm or code; default: llm if a model was called, else code."""


_OPTIONS: Final = {
    "agent": AgentOptions,
    "workflow": Options,
    "generator": GeneratorOptions,
    "evaluator": EvaluatorOptions,
    "tool": Options,
    "retriever": Options,
}


@overload
def agent(function: F, /) -> F: ...
@overload
def agent(**options: Unpack[AgentOptions]) -> Block: ...
def agent(function: Any = None, /, **options: Any) -> Any:
    """Record every call as the run of an agent: its inputs, output, configuration, iterations and sums."""
    return _decorate("agent", function, options)


@overload
def workflow(function: F, /) -> F: ...
@overload
def workflow(**options: Unpack[Options]) -> Block: ...
def workflow(function: Any = None, /, **options: Any) -> Any:
    """Record every call as the run of a workflow that holds several agents."""
    return _decorate("workflow", function, options)


@overload
def generator(function: F, /) -> F: ...
@overload
def generator(**options: Unpack[GeneratorOptions]) -> Block: ...
def generator(function: Any = None, /, **options: Any) -> Any:
    """Record every call as the making of a draft."""
    return _decorate("generator", function, options)


@overload
def evaluator(function: F, /) -> F: ...
@overload
def evaluator(**options: Unpack[EvaluatorOptions]) -> Block: ...
def evaluator(function: Any = None, /, **options: Any) -> Any:
    """Record every call as a judgement: score, label, whether it passed, and the feedback."""
    return _decorate("evaluator", function, options)


@overload
def tool(function: F, /) -> F: ...
@overload
def tool(**options: Unpack[Options]) -> Block: ...
def tool(function: Any = None, /, **options: Any) -> Any:
    """Record every call as the execution of a tool."""
    return _decorate("tool", function, options)


@overload
def retriever(function: F, /) -> F: ...
@overload
def retriever(**options: Unpack[Options]) -> Block: ...
def retriever(function: Any = None, /, **options: Any) -> Any:
    """Record every call as a search for documents."""
    return _decorate("retriever", function, options)


def _decorate(role: str, function: Any, options: dict[str, Any]) -> Any:  # noqa: ANN401 - see the overloads
    known = _OPTIONS[role].__annotations__.keys() | Options.__annotations__.keys()
    if unknown := options.keys() - known:
        msg = f"{role}({', '.join(sorted(unknown))}=…) is no option of {role}: use {', '.join(sorted(known))}."
        raise UsageError(msg)
    block = _block(role, options)
    return block if function is None else block(function)


def _block(role: str, options: dict[str, Any]) -> Block:
    said = dict(options)
    method, prompt, read = said.pop("method", None), said.pop("prompt", None), said.get("read")
    if role == "evaluator":
        said |= {"verdicts": lambda result, name: named(read_evaluations(result, read), name), "read": None}
    return Block(Declaration(role=role, prompt=prompt.identity() if prompt is not None else None, **said), method)
