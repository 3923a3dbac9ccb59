"""Find the variables of a prompt template, written in braces, and put values where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any, Final, Protocol

from orchestrace.recording.few_shot import shown_text, written
from orchestrace.recording.fields import NOTHING, fields_of
from orchestrace.recording.scalar import scalar

__all__ = [
    "FEW_SHOT",
    "BraceTemplate",
    "Shown",
    "Template",
    "canonical",
    "data_of",
    "dumped",
    "fill",
    "text_of",
    "texts_in",
    "variables_in",
]

FEW_SHOT: Final = "few_shot"
"""Where this stands as a variable, the examples are put; it is no variable of the caller's."""

_VARIABLE: Final = re.compile(r"\{([^\W\d]\w*(?:\.(?!__)\w+)*)\}")
"""
An identifier, or a dotted path that starts with one, directly inside braces; every other brace is text.

So `{{x}}` is a brace, a variable and a brace, as `{"a": {x}}` needs it. No path leads into `__class__` and its like:
templates come from files and registries, too.
"""

_SELF_SPEAKING: Final = (str, bytes, bytearray, int, float, complex, Enum, type)
"""What is written as `str()` says although it may look like a sequence or a model."""

_BINARY: Final = (bytes, bytearray, memoryview)


class Template(Protocol):
    """
    A text or the JSON of messages with variables, in whatever syntax.

    `variables` are the names, or dotted paths, that it takes, each once, in order of appearance; `optional` those of
    them that need not be given. `places` says that it shows the examples itself.
    """

    variables: tuple[str, ...]
    optional: frozenset[str]
    places: bool

    def fill(self, values: Mapping[str, object], shown: Shown) -> Any:  # noqa: ANN401 - the type of the template
        """Return a copy with values and, where they have their place, the examples put in."""


class Shown(tuple[Any, ...]):
    """The examples of a prompt, for a template that shows them: together they are a text."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n\n".join(shown_text(written(one.input), written(one.output)) for one in self)


class BraceTemplate:
    """A template whose variables are `{name}` and `{dotted.name}`; see `Template`."""

    __slots__ = ("_template", "optional", "places", "variables")

    def __init__(self, template: Any) -> None:  # noqa: ANN401 - a text or JSON
        self._template = template
        found = variables_in(template)
        self.variables: tuple[str, ...] = tuple(one for one in found if one != FEW_SHOT)
        self.optional: frozenset[str] = frozenset()
        self.places: bool = FEW_SHOT in found

    def fill(self, values: Mapping[str, object], shown: Shown) -> Any:  # noqa: ANN401 - see `Template`
        """Return a copy with the values put in: data as JSON, anything else as `str()` says."""
        texts = {path: text_of(value) for path, value in values.items()}
        return fill(self._template, {**texts, FEW_SHOT: str(shown)} if self.places else texts)


def variables_in(template: object) -> list[str]:
    """Return the variables of a template, each once, in order of appearance."""
    return list(
        dict.fromkeys(name for text in texts_in(template) for name in _VARIABLE.findall(text) if _is_named(name))
    )


def fill(template: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - gives back the type it got
    """
    Return a copy of a template, a text or the JSON of messages, with values where their variables stand.

    What was put in is not looked at again: a brace in a value is text.
    """
    if isinstance(template, str):
        return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), template)
    if isinstance(template, dict):
        return {key: fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    return template


def text_of(value: object) -> str:
    """Write a value into a prompt: data (mappings, sequences, sets, models) as JSON, anything else as `str()` says."""
    if isinstance(value, _SELF_SPEAKING) or not _is_data(value):
        return str(value)
    try:
        return dumped(value, default=_plain)
    except (TypeError, ValueError, RecursionError):  # something inside that is no data, a cycle
        return str(value)


def data_of(value: object) -> Any:  # noqa: ANN401 - JSON, as deep as it may be
    """
    Return a copy of a value as JSON data, keys in their order.

    Raises TypeError, ValueError or RecursionError for what JSON cannot say: a stranger's object, NaN, a cycle.
    """
    import json  # noqa: PLC0415 - as below

    return json.loads(dumped(value, allow_nan=False, default=_plain))


def canonical(data: object) -> str:
    """Return the JSON that is the same for the same data, in whatever order its keys came."""
    return dumped(data, sort_keys=True, separators=(",", ":"))


def dumped(value: object, **options: Any) -> str:  # noqa: ANN401 - whatever they are
    """Return a value as JSON that people can read; `options` are those of `json.dumps`."""
    import json  # noqa: PLC0415 - 1.4 ms at import, wanted where there is a prompt

    return json.dumps(value, ensure_ascii=False, **options)


def texts_in(template: object) -> Iterator[str]:
    """Yield the texts of a template: itself, or those in its messages."""
    if isinstance(template, str):
        yield template
    elif isinstance(template, (dict, list)):
        for value in template.values() if isinstance(template, dict) else template:
            yield from texts_in(value)


def _is_named(path: str) -> bool:
    return path.partition(".")[0].isidentifier()


def _is_data(value: object) -> bool:
    return isinstance(value, (Mapping, Sequence, AbstractSet)) or (
        fields_of(value) is not NOTHING and not _speaks(value)
    )


def _speaks(value: object) -> bool:
    """Tell whether the author of a model wrote how it reads as text; pydantic wrote one for all its models."""
    speech = type(value).__str__
    return speech is not object.__str__ and not str(getattr(speech, "__module__", "")).startswith("pydantic")


def _plain(value: Any) -> object:  # noqa: ANN401 - whatever JSON does not know
    if callable(dump := getattr(type(value), "model_dump", None)):
        return dump(value, mode="json")
    if (fields := fields_of(value)) is not NOTHING:
        return fields[0] if isinstance(fields, tuple) else fields
    if (single := NOTHING if isinstance(value, _BINARY) else _single_or_collected(value)) is not NOTHING:
        return single
    msg = f"{type(value).__qualname__} is no data"
    raise TypeError(msg)


def _single_or_collected(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, AbstractSet):
        return sorted(value, key=str)
    return list(value) if isinstance(value, Sequence) else scalar(value)
