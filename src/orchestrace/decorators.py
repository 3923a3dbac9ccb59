"""The decorators: say what a function is to a run, and every call of it is recorded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypedDict, overload

from orchestrace.block import Block
from orchestrace.evaluations import Evaluation, named, read_evaluations
from orchestrace.exceptions import UsageError
from orchestrace.prompts import Prompt
from orchestrace.recording.fields import NOTHING, fields_of
from orchestrace.recording.roles.declaration import Declaration
from orchestrace.recording.selectors import MISSING
from orchestrace.typing import F, Selector

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "AgentOptions",
    "EvaluatorOptions",
    "GeneratorOptions",
    "Options",
    "agent",
    "declaration",
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
    reference_only: Collection[str] | None
    """Names of arguments, or `return`, that are recorded by reference: type, id and SHA-256 in place of a snapshot."""
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
    rubric: str | Prompt[Any] | Mapping[str, Any] | object | None
    """By what is judged: a text, a prompt, or data."""


_KNOWN: Final[dict[str, frozenset[str]]] = {
    "agent": AgentOptions.__optional_keys__,
    "workflow": Options.__optional_keys__,
    "generator": GeneratorOptions.__optional_keys__,
    "evaluator": EvaluatorOptions.__optional_keys__,
    "tool": Options.__optional_keys__,
    "retriever": Options.__optional_keys__,
}


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_selector(value: object) -> bool:
    return isinstance(value, str) or callable(value)


_KINDS: Final = ("human", "llm", "code")
_TEXT: Final = ("a text", _is_text)
_SELECTOR: Final = ('a path over the arguments, such as "job.id", or a callable that gets them', _is_selector)
_CHECKS: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "name": _TEXT,
    "description": _TEXT,
    "method": _TEXT,
    "version": ('a text, such as "1.4"', _is_text),
    "key": _SELECTOR,
    "session": _SELECTOR,
    "user": _SELECTOR,
    "tenant": _SELECTOR,
    "inputs": (
        'a list of names or paths, such as ["job", "candidate.name"]',
        lambda value: isinstance(value, (list, tuple)) and all(map(_is_text, value)),
    ),
    "reference_only": (
        'a set of names of arguments, such as {"candidate"}',
        lambda value: isinstance(value, (set, frozenset, list, tuple)) and all(map(_is_text, value)),
    ),
    "read": (
        "a path over the result, a callable that gets it, or a mapping of these by name",
        lambda value: all(map(_is_selector, value.values() if isinstance(value, Mapping) else [value])),
    ),
    "reduce": ("a callable that gets the list of items", callable),
    "prompt": ("a Prompt", lambda value: isinstance(value, Prompt)),
    "starts_iteration": ("True or False", lambda value: isinstance(value, bool)),
    "kind": ('"human", "llm" or "code"', lambda value: value in _KINDS),
    "rubric": (
        "a text, a Prompt, or data: a mapping, a list, a model",
        lambda value: isinstance(value, (str, Prompt, Mapping, Sequence)) or fields_of(value) is not NOTHING,
    ),
}
"""What a value must be, in words and as a test; None is always one, and says nothing."""


@overload
def agent(function: F, /) -> F: ...
@overload
def agent(**options: Unpack[AgentOptions]) -> Block: ...
def agent(function: Any = MISSING, /, **options: Any) -> Any:
    """Record every call as the run of an agent: its inputs, output, configuration, iterations and sums."""
    return _decorate("agent", function, options)


@overload
def workflow(function: F, /) -> F: ...
@overload
def workflow(**options: Unpack[Options]) -> Block: ...
def workflow(function: Any = MISSING, /, **options: Any) -> Any:
    """Record every call as the run of a workflow that holds several agents."""
    return _decorate("workflow", function, options)


@overload
def generator(function: F, /) -> F: ...
@overload
def generator(**options: Unpack[GeneratorOptions]) -> Block: ...
def generator(function: Any = MISSING, /, **options: Any) -> Any:
    """Record every call as the making of a draft."""
    return _decorate("generator", function, options)


@overload
def evaluator(function: F, /) -> F: ...
@overload
def evaluator(**options: Unpack[EvaluatorOptions]) -> Block: ...
def evaluator(function: Any = MISSING, /, **options: Any) -> Any:
    """Record every call as a judgement: score, label, whether it passed, and the feedback."""
    return _decorate("evaluator", function, options)


@overload
def tool(function: F, /) -> F: ...
@overload
def tool(**options: Unpack[Options]) -> Block: ...
def tool(function: Any = MISSING, /, **options: Any) -> Any:
    """Record every call as the execution of a tool."""
    return _decorate("tool", function, options)


@overload
def retriever(function: F, /) -> F: ...
@overload
def retriever(**options: Unpack[Options]) -> Block: ...
def retriever(function: Any = MISSING, /, **options: Any) -> Any:
    """Record every call as a search for documents."""
    return _decorate("retriever", function, options)


def _decorate(role: str, function: Any, options: dict[str, Any]) -> Any:  # noqa: ANN401 - see the overloads
    block = Block(declaration(role, **options), options.get("method"))
    return block if function is MISSING else block(function)


def declaration(role: str, **options: Any) -> Declaration:  # noqa: ANN401 - checked here
    """Return what a decorator was told, without `method`. Raises UsageError for what it cannot be told."""
    _check(role, options)
    options.pop("method", None)
    prompt, read = options.pop("prompt", None), options.get("read")
    options["reference_only"] = frozenset(options.get("reference_only") or ())
    if isinstance(rubric := options.get("rubric"), Prompt):
        options["rubric"] = rubric.identity().template
    if role == "evaluator":
        options |= {"verdicts": lambda result, name: named(read_evaluations(result, read), name), "read": None}
    return Declaration(role=role, prompt=prompt.identity() if prompt is not None else None, **options)


def _check(role: str, options: dict[str, Any]) -> None:
    for option, value in options.items():
        if option not in _KNOWN[role]:
            msg = f"{role}({option}=…): {role} has no such option. It has {', '.join(sorted(_KNOWN[role]))}."
            raise UsageError(msg)
        words, is_right = _CHECKS.get(option, ("anything", lambda _: True))
        if value is not None and not is_right(value):
            msg = f"{role}({option}={value!r:.80}): {option} is {words}."
            raise UsageError(msg)
    read = options.get("read")
    if role == "evaluator" and isinstance(read, Mapping) and (strange := read.keys() - set(Evaluation.__slots__)):
        msg = (
            f"evaluator(read={{{min(strange)!r}: …}}): read finds {', '.join(Evaluation.__slots__)}, and nothing else."
        )
        raise UsageError(msg)
