"""Assign a variant of an experiment: always the same one to the same subject."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import Enum
from operator import index
from typing import Any, Final, SupportsIndex, TypeVar, overload
from uuid import UUID

from orchestrace.exceptions import UsageError
from orchestrace.identity import experiment_name, tried
from orchestrace.recording import lineage
from orchestrace.recording.attribution import Attribution
from orchestrace.recording.guard import guarded, report
from orchestrace.recording.recording import Recording
from orchestrace.recording.remote import Remote
from orchestrace.recording.roles.role import RUNS

__all__ = ["assign", "variant_of"]

T = TypeVar("T")

_BITS: Final = 52
"""Of the hash that are used: what a float holds exactly, with half of the last one added."""


@overload
def assign(
    name: str, variants: Mapping[str, T], *, by: object, weights: Mapping[str, float] | Sequence[float] | None = None
) -> T: ...
@overload
def assign(
    name: str, variants: Sequence[T], *, by: object, weights: Mapping[str, float] | Sequence[float] | None = None
) -> T: ...
def assign(name: str, variants: Any, *, by: object, weights: Any = None) -> Any:
    """
    Return the variant of the experiment `name` that falls to `by`, and record it; of a mapping, the variant's value.

    `by` is what identifies the subject: a text, a number, a UUID, or a tuple of these. The same one always gets the
    same variant, in every process, on every host and Python, whatever the order of the variants; one that is added
    takes its share from all others and moves nobody else. `weights` are shares, in the order of the variants or by
    name; default: equal ones. 0 is never assigned.

    `orchestrace.experiment.<name>` = variant stands on the run or session that is innermost here, and on every span
    that starts in it from now on. Where `by` is None or empty, nothing is known of the subject: the first variant that
    has a share is returned, one line is logged, and nothing is recorded, so that it does not weigh in any comparison.

    Raises UsageError if name, variants or weights cannot be meant, or `by` identifies nothing.
    """
    said = experiment_name("assign", name)
    values = _values(name, variants)
    shares = _shares(name, list(values), weights)
    subject = _subject(name, by)
    if not subject:
        report(f"assign({said!r})", ValueError(f"by={by!r} identifies nobody: {next(iter(shares))!r}, unrecorded"))
        return values[next(iter(shares))]
    variant = variant_of(name, subject, shares)
    _bind(said, variant)
    return values[variant]


def variant_of(name: str, subject: str, shares: Mapping[str, float]) -> str:
    """
    Return the variant with the highest score, `-share / ln(u)`.

    `u` is in (0, 1): the first 52 bits of the SHA-256 of name, subject and variant in UTF-8, with a NUL between each
    two, and half a bit. Who knows these has the same answer in any language.
    """
    return max(shares, key=lambda variant: -shares[variant] / math.log(_uniform(name, subject, variant)))


def _uniform(*parts: str) -> float:
    import hashlib  # noqa: PLC0415 - 2 ms at import, wanted at the first assignment

    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
    return ((int.from_bytes(digest[:8], "big") >> (64 - _BITS)) + 0.5) / (1 << _BITS)


def _values(name: str, variants: Any) -> dict[str, Any]:  # noqa: ANN401 - see `assign`
    if isinstance(variants, Mapping):
        found = dict(variants)
    elif isinstance(variants, Sequence) and not isinstance(variants, (str, bytes, bytearray)):
        found = {_variant(name, one): one for one in variants}
        if len(found) < len(variants):
            msg = (
                f"assign({name!r}, …): a variant stands twice in {list(variants)!r:.200}: give each once, and weights=."
            )
            raise UsageError(msg)
    else:
        msg = f"assign({name!r}, {variants!r:.80}): variants is a list of names, or a mapping of names to values."
        raise UsageError(msg)
    if not found:
        msg = f"assign({name!r}, …) has no variants: give at least one."
        raise UsageError(msg)
    for variant in found:
        if not isinstance(variant, str) or not variant.strip():
            msg = f"assign({name!r}, …): {variant!r:.80} names no variant: names are texts."
            raise UsageError(msg)
    return found


def _variant(name: str, said: object) -> str:
    told = said.value if isinstance(said, Enum) else said
    if isinstance(told, (str, int, float)):
        return str(told)
    msg = (
        f"assign({name!r}, …): a list has names of variants, and {said!r:.80} is none: "
        "give a mapping of names to values."
    )
    raise UsageError(msg)


def _shares(name: str, variants: list[str], weights: Any) -> dict[str, float]:  # noqa: ANN401 - see `assign`
    """Return the variants that can be assigned, in their order, with their shares."""
    if weights is None:
        return dict.fromkeys(variants, 1.0)
    if isinstance(weights, Mapping):
        fits, found = weights.keys() == set(variants), dict(weights)
    else:
        fits = isinstance(weights, Sequence) and not isinstance(weights, (str, bytes)) and len(weights) == len(variants)
        found = dict(zip(variants, weights, strict=True)) if fits else {}
    if not fits:
        msg = f"assign({name!r}, weights={weights!r:.200}): give one weight for each of {variants!r:.200}."
        raise UsageError(msg)
    if not all(map(_is_share, found.values())) or not any(found.values()):
        msg = f"assign({name!r}, weights={weights!r:.200}): weights are numbers from 0 on, and one at least is above."
        raise UsageError(msg)
    return {variant: float(found[variant]) for variant in variants if found[variant]}


def _is_share(weight: object) -> bool:
    return isinstance(weight, (int, float)) and not isinstance(weight, bool) and 0 <= weight < math.inf


def _subject(name: str, by: object) -> str:
    """Return what identifies the subject as text, the same in every process; empty if there is nothing."""
    if by is None:
        return ""
    if isinstance(by, str):
        return str.__str__(by)
    if isinstance(by, Enum):
        return _subject(name, by.value)
    if isinstance(by, SupportsIndex) and not isinstance(by, bool):
        return str(index(by))  # a number of numpy's as well
    if isinstance(by, UUID):
        return str(by)
    if isinstance(by, (tuple, list)):
        return "\x1f".join(_subject(name, part) for part in by) if any(by) else ""
    msg = (
        f"assign({name!r}, by=…) was given a {type(by).__name__}: "
        "give what identifies the subject, a text, a number, a UUID or a tuple of these."
    )
    raise UsageError(msg)


@guarded("assign", None)
def _bind(name: str, variant: str) -> None:
    """Say the variant where it holds, and where an inner block says another: what is recorded is what was returned."""
    said = tried(name, variant)
    here = lineage.current()
    holder = next((one for one in lineage.upwards(here) if _binds(one)), None) or lineage.call(here)
    for one in lineage.upwards(here):
        if one is holder or said.keys() & one.passes_on.keys():
            one.pass_on(said)
        if one is holder:
            return


def _binds(recording: Recording) -> bool:
    if isinstance(recording, Attribution):
        return recording.binds
    return recording.role in RUNS or isinstance(recording, Remote)
