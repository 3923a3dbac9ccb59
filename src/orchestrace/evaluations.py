"""What an evaluator found, and how to read it from whatever an evaluator returns."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import islice
from typing import Any, Final, TypeAlias, cast

from orchestrace.recording.fields import fields_of
from orchestrace.recording.guard import report
from orchestrace.recording.selectors import MISSING, select_from
from orchestrace.typing import Selector

__all__ = ["Evaluation", "named", "read_evaluations"]

Read: TypeAlias = "Selector | Mapping[str, Selector] | None"

_FIELDS: Final = ("score", "label", "passed", "feedback", "name")
_TELLING: Final = frozenset(_FIELDS[:-1])
"""With none of these there is nothing that was found."""
_MOST: Final = 1000
"""Of one result, so many evaluations are read."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """
    What an evaluator found. Every field is optional; None is not said.

    `score` is on the evaluator's own scale, `label` a word for it, `passed` whether it is good enough, `feedback` what
    is to be better, `name` what was judged where that is not the evaluator's name. The values stay as they are given;
    what is recorded are those of the right type: a score that is a bool says `passed`, where nothing else does.
    """

    score: float | None = None
    label: str | None = None
    passed: bool | None = None
    feedback: str | None = None
    name: str | None = None


def read_evaluations(result: object, read: Read = None) -> list[Evaluation]:
    """
    Return what an evaluator's result says, or nothing. Never raises.

    Read are: an Evaluation; a bool (passed), a number (score), a text (feedback), or a tuple with each of these at most
    once; a mapping, model, dataclass or named tuple with fields of an Evaluation; a list or tuple of all these, or a
    mapping of them by name. `read` says where to find them in any other result: a path or callable finds one of the
    above, a mapping finds the fields of one evaluation. A value of the wrong type, or a score that is no finite number,
    is left out, and so is what nothing is known of.
    """
    try:
        if isinstance(read, Mapping):
            fields = {name: select_from(result, read[name]) for name in _FIELDS if name in read}
            one = _of_fields(fields, None)
            return [] if one is None else [one]
        found = result if read is None else select_from(result, read)
        return [] if found is MISSING else _several(found)
    except Exception as error:  # noqa: BLE001 - nothing of ours reaches the program
        report("evaluation", error)
        return []


def _several(result: Any) -> list[Evaluation]:  # noqa: ANN401 - anything at all
    root = fields_of(result)
    if isinstance(root, tuple):  # of a root model
        return _several(root[0])
    one = _one(result, None)
    if one is not None:
        return [one]
    # `isinstance` asks the object itself, which may raise; its type does not.
    kind: type[Any] = type(result)
    if issubclass(kind, Mapping):
        named = ((name, item) for name, item in _items(result) if issubclass(type(name), str))
        return [found for name, item in named if (found := _one(item, name)) is not None]
    if issubclass(kind, (list, tuple)):
        return [found for item in result[:_MOST] if (found := _one(item, None)) is not None]
    return []


def _one(value: Any, name: str | None) -> Evaluation | None:  # noqa: ANN401 - anything at all
    """Read one evaluation; `name` is what it is called if it does not say."""
    kind: type[Any] = type(value)
    if issubclass(kind, Evaluation):
        return _of_fields({field: select_from(value, field) for field in _FIELDS}, name)
    declared = dict(_items(value)) if issubclass(kind, Mapping) else fields_of(value)
    if isinstance(declared, dict) and not _TELLING.isdisjoint(declared):
        return _of_fields(declared, name)
    said = list(value) if issubclass(kind, tuple) else [value]
    kinds = [_field_of(item) for item in said[: len(_FIELDS)]]
    if None in kinds or len(set(kinds)) < len(said):
        return None
    return _of_fields(dict(zip(kinds, said, strict=True)), name)  # such as (True, "too formal")


def _field_of(value: object) -> str | None:
    """Return which field a bare value is."""
    if _passed(value) is not None:
        return "passed"
    if issubclass(type(value), str):
        return "feedback"
    return None if _score(value) is None else "score"


def _of_fields(fields: Mapping[Any, object], name: str | None) -> Evaluation | None:
    score, passed = fields.get("score"), _passed(fields.get("passed"))
    found = Evaluation(
        score=_score(score),
        label=_text(fields.get("label")),
        passed=_passed(score) if passed is None else passed,
        feedback=_text(fields.get("feedback")),
        name=_text(fields.get("name")) or name,
    )
    return None if all(getattr(found, field) is None for field in _TELLING) else found


def _score(value: object) -> float | None:
    """Return a finite number, of whatever library, as a float; a bool is none."""
    if _passed(value) is not None or not _is_number(type(value)):
        return None
    try:
        score = float(value)  # type: ignore[arg-type] # the line above
    except Exception:  # noqa: BLE001 - a complex number, an integer beyond all floats, a stranger's method
        return None
    return score if math.isfinite(score) else None


def _is_number(kind: type) -> bool:
    if issubclass(kind, (int, float)):
        return True
    from numbers import Number  # noqa: PLC0415 - rarely wanted: those of other libraries

    return issubclass(kind, Number)


def _passed(value: object) -> bool | None:
    # Comparing what numpy computed gives its own bool, which is no subclass of Python's.
    bools = (bool, getattr(sys.modules.get("numpy"), "bool_", bool))
    return bool(value) if type(value) in bools else None


def _text(value: object) -> str | None:
    """Return a text, or that of an enumeration's member."""
    if issubclass(type(value), Enum):
        value = object.__getattribute__(value, "_value_")
    return str.__str__(cast("str", value)) if issubclass(type(value), str) else None


def _items(mapping: Mapping[Any, object]) -> list[tuple[Any, object]]:
    return list(islice(mapping.items(), _MOST))


def named(evaluations: Iterable[Evaluation], name: str) -> list[Evaluation]:
    """Return the evaluations, with `name` where they have none."""
    return [one if one.name else replace(one, name=name) for one in evaluations]
