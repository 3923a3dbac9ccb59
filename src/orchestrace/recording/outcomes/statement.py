"""What somebody says of a run, checked: which run is meant, what came of it, when, and who says so."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from enum import Enum
from numbers import Integral, Number
from typing import Any, Final, TypeAlias

from orchestrace.exceptions import UsageError
from orchestrace.recording.outcomes.moment import moment_of
from orchestrace.recording.reference import parts_of
from orchestrace.recording.scalar import number
from orchestrace.recording.snapshot import encode, snapshot
from orchestrace.recording.text import label, written
from orchestrace.typing import Nanoseconds

__all__ = ["FIELDS", "Said", "Statement", "state"]

Said: TypeAlias = bool | int | float | str | None
"""A value as it stands on a span; what is no single value is JSON."""

FIELDS: Final = (
    "name", "value", "reference", "key", "agent", "at", "source", "rater", "comment", "correction", "idempotency_key"
)  # fmt: skip
"""The arguments of `record_outcome`, which are also the columns of a file of outcomes."""

_EXPECTED: Final = "{trace}-{span}-{seconds}, 58 characters, as orchestrace.reference() gives it"
_SHOWN: Final = 80
_NEITHER: Final = (
    "An outcome must say of which run it is: give reference=, what orchestrace.reference() returned in the run, or "
    "key=, the business object that the run was about."
)


@dataclass(frozen=True, slots=True)
class Statement:
    """
    One outcome as it was given. `run` are trace id, span id and the second in which the run started, if known.

    What stands here is masked and bounded already: it may be stored, sent and compared.
    """

    name: str
    value: Said
    at: Nanoseconds
    run: tuple[str, str, Nanoseconds] | None
    key: str | None
    agent: str | None
    source: str | None
    rater: str | None
    comment: str | None
    correction: str | None
    idempotency_key: str | None

    @property
    def score(self) -> float | None:
        """The value as a number, where it is one, or yes or no."""
        return float(self.value) if isinstance(self.value, (bool, int, float)) else None


def state(  # noqa: PLR0913 - the arguments of `record_outcome`
    name: object,
    value: object = None,
    *,
    reference: object = None,
    key: object = None,
    agent: object = None,
    at: object = None,
    source: object = None,
    rater: object = None,
    comment: object = None,
    correction: object = None,
    idempotency_key: object = None,
) -> Statement:
    """Return what is said; `record_outcome` explains the arguments. Raises UsageError for what cannot be meant."""
    if not isinstance(name, str) or not name.strip():
        msg = f"An outcome needs a name, such as 'email.replied': it was given {_shown(name)}."
        raise UsageError(msg)
    run = _run(reference)
    key = _label(key)
    if run is None and key is None:
        raise UsageError(_NEITHER)
    return Statement(
        name=label(name.strip()),
        value=_value(value),
        at=moment_of(at),
        run=run,
        key=key,
        agent=_label(agent),
        source=_label(source),
        rater=_label(rater),
        comment=_text(comment),
        correction=_text(correction),
        idempotency_key=_label(idempotency_key),
    )


def _run(reference: object) -> tuple[str, str, Nanoseconds] | None:
    if reference is None or reference == "":  # what `reference` is outside of a run
        return None
    found = parts_of(reference) if isinstance(reference, str) else None
    if found is None:
        msg = f"reference={_shown(reference)} is no reference of a run: expected is {_EXPECTED}."
        raise UsageError(msg)
    return found


def _value(value: Any) -> Said:  # noqa: ANN401 - anything at all
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool):
        return value
    if type(value) is getattr(sys.modules.get("numpy"), "bool_", None):
        return bool(value)
    if isinstance(value, Number) and (found := _number(value)) is not None:
        return found
    taken = snapshot(value)
    return taken if isinstance(taken, str) else encode(value)  # a date is a text, without quotes around


def _number(value: Any) -> Said:  # noqa: ANN401 - of whatever library
    if isinstance(value, Integral):
        return number(int(value))
    try:
        found = float(value)
    except Exception:  # noqa: BLE001 - a complex number, a stranger's method
        return None
    return found if math.isfinite(found) else number(found)


def _label(value: object) -> str | None:
    return None if value is None else label(value) or None


def _text(value: object) -> str | None:
    return None if value is None else written(value)[0] or None


def _shown(value: object) -> str:
    """Return a wrong argument as an error shows it: short, without keys."""
    text = written(value)[0]
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
