"""The agents file: whether it can be followed, and which of its targets appeared in a program that was run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrace.declared.reading import VARIABLE, read, source_of, wrongs
from orchestrace.doctor.finding import OK, PROBLEM, WARNING, Finding
from orchestrace.doctor.program import Seen
from orchestrace.settings import Settings

__all__ = ["check", "check_targets"]

_CHECK: Final = "agents"


def check(settings: Settings) -> Iterator[Finding]:
    """Say whether there is one, and what is wrong with it."""
    source = source_of(settings.agents)
    if source is None:
        return
    where = VARIABLE if settings.agents is None else "agents="
    wrong = wrongs(source)
    for words in wrong:
        place, _, why = words.partition(": ")
        yield Finding(_CHECK, PROBLEM, f"{place} ({where}) cannot be followed", why, "Correct it.")
    if not wrong:
        named = read(source)
        count = len(named.entries)
        yield Finding(_CHECK, OK, f"{named.where} names {count} target{'s' * (count != 1)} ({where})")


def check_targets(seen: Seen) -> Iterator[Finding]:
    """Say which targets appeared in no process of a program."""
    told: dict[str, list[Mapping[str, Any]]] = {}
    for report in seen.reports:
        for one in report.get("agents", ()):
            told.setdefault(f"{one['place']} {one['target']}", []).append(one)
    there = [several for several in told.values() if any(_appeared(one) for one in several)]
    if there:
        followed = sum(max(one["followed"] for one in several) for several in there)
        what = f"targets that appeared: {len(there)} of {len(told)}, as {followed} function{'s' * (followed != 1)}"
        yield Finding(_CHECK, OK, what)
    for several in told.values():
        yield from _of_target(several)


def _of_target(several: list[Mapping[str, Any]]) -> Iterator[Finding]:
    # What the process saw that knows most: the one above the workers imports less than they do.
    one = max(several, key=lambda one: (_appeared(one), one["imported"]))
    where = f"{one['target']} ({one['place']})"
    if not _appeared(one):
        what = f"{where} never appeared"
        if one["imported"]:
            yield Finding(_CHECK, PROBLEM, what, one["why"], "Correct the target.")
        else:
            do = "Correct the target, unless this program does not need it."
            yield Finding(_CHECK, WARNING, what, one["why"], do)
        return
    if one["refused"]:
        yield Finding(_CHECK, WARNING, f"{where} is not followed everywhere", one["refused"], "Name it more narrowly.")
    if one["decorated"]:
        why = "The program decorates it itself, and what it says there holds."
        yield Finding(_CHECK, OK, f"{where} is decorated", why)


def _appeared(one: Mapping[str, Any]) -> bool:
    return bool(one["followed"] or one["decorated"])
