"""Whether a program was set up in time: from what witnesses saw in it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from orchestrace.doctor.finding import OK, PROBLEM, WARNING, Finding
from orchestrace.doctor.program import Seen
from orchestrace.settings import Settings

__all__ = ["check", "settings_of"]

_CHECK: Final = "program"


def check(seen: Seen) -> Iterator[Finding]:
    """Say what was called when, and which model calls nobody saw."""
    yield _ended(seen)
    reports = [one for one in seen.reports if one["imported"] or one["calls"]]
    if not reports:
        yield _nothing(seen)
        return
    yield from _pythons(reports)
    configured = [one for one in reports if _events(one, "configure")]
    for one in reports:
        for event in [*_events(one, "configure failed"), *_events(one, "fault")]:
            yield Finding(_CHECK, PROBLEM, f"{event['what']}", event["error"], "Correct it.")
    if not configured:
        yield _never(reports)
    else:
        yield Finding(_CHECK, OK, "configure() was called")
    for one in configured:
        yield from _provider(one["events"])
        yield from _imports(one)
    yield from _calls(reports)


def settings_of(seen: Seen, given: Settings) -> Settings:
    """Return what the program says in `configure()`, where `given` says nothing else."""
    events = (event for one in seen.reports for event in _events(one, "configure"))
    said: dict[str, Any] = next((event["settings"] for event in events), {})
    return replace(given, **{name: value for name, value in said.items() if getattr(given, name) is None})


def _events(report: Mapping[str, Any], what: str) -> list[dict[str, Any]]:
    return [event for event in report["events"] if event["what"] == what]


def _ended(seen: Seen) -> Finding:
    if seen.code == 0:
        return Finding(_CHECK, OK, "it ended well")
    how = f"by signal {-seen.code}" if seen.code < 0 else f"with exit code {seen.code}"
    return Finding(_CHECK, WARNING, f"it ended {how}", "What it would have done afterwards was not seen.")


def _nothing(seen: Seen) -> Finding:
    if seen.reports:
        do = "Call orchestrace.configure() at its start, or run it under opentelemetry-instrument."
        return Finding(_CHECK, PROBLEM, "nothing is recorded", "The program does not import orchestrace.", do)
    why = "No Python with a witness in it has run: it is no Python program, or runs with -I, -E or -S."
    return Finding(_CHECK, WARNING, "the program could not be looked into", why, "Run its Python itself, without them.")


def _pythons(reports: list[dict[str, Any]]) -> Iterator[Finding]:
    for place in sorted({one["executable"] for one in reports if one["prefix"] != sys.prefix}):
        why = f"What is said of what is installed is about {sys.executable}."
        yield Finding(_CHECK, WARNING, f"it ran with {place}", why, f"{place} -m pip install 'orchestrace[cli]'")


def _never(reports: list[dict[str, Any]]) -> Finding:
    decorated = sum(one["decorated"] for one in reports)
    if any(_events(one, "instrument") for one in reports):
        why = "instrument() alone makes spans: they go to the program's own provider, and not into the journal."
        return Finding(_CHECK, WARNING, "configure() was never called", why, "Call it, unless that is what you want.")
    why = f"Decorators are there ({decorated}), but " if decorated else "The package is imported, but "
    do = "Call orchestrace.configure() at the program's start."
    return Finding(_CHECK, PROBLEM, "configure() was never called", f"{why}nothing is recorded.", do)


def _provider(events: list[dict[str, Any]]) -> Iterator[Finding]:
    kinds = [event["what"] for event in events]
    configured = kinds.index("configure")
    before = events[configured]["provider"]
    if before is not None:
        what = f"the program's {before} was there before configure(), and is joined"
        yield Finding(_CHECK, OK, f"{what}; unless export=True, its own exporters send")
    for event in events[configured:]:
        if event["what"] == "provider":
            why = "It is set after configure(): its processors get every span, with resource and sampler of the first."
            what = f"the program's {event['provider']} comes late"
            yield Finding(_CHECK, WARNING, what, why, "Set it before configure().")


def _imports(report: Mapping[str, Any]) -> Iterator[Finding]:
    for event in _events(report, "instrument"):
        if event["imported"]:
            names = ", ".join(event["imported"])
            yield Finding(_CHECK, OK, f"{names} were imported before, and are tapped all the same")


def _calls(reports: list[dict[str, Any]]) -> Iterator[Finding]:
    missed = [call for one in reports for call in one["missed"]]
    early = [call for call in missed if not call["tapped"]]
    evaded = [call for call in missed if call["tapped"]]
    if early:
        why = f"They were made before instrument(): the first at {early[0]['caller']} to {early[0]['host']}."
        do = "Call configure() before the first model call."
        yield Finding(_CHECK, PROBLEM, f"model calls too early: {len(early)}", why, do)
    if evaded:
        why = (
            f"They went through a `send` that was stored before instrument(): the first at {evaded[0]['caller']} to "
            f"{evaded[0]['host']}."
        )
        do = "Call configure() before whatever stores or wraps the client's method."
        yield Finding(_CHECK, PROBLEM, f"model calls past us: {len(evaded)}", why, do)
    calls = sum(one["calls"] for one in reports)
    if not calls:
        why = "Only those that go through httpx or httpx2 are recorded by themselves."
        do = "If there should be some, use orchestrace.llm_call()."
        yield Finding(_CHECK, WARNING, "no model call was seen", why, do)
    elif calls > len(missed):
        yield Finding(_CHECK, OK, f"requests to models that were followed: {calls - len(missed)}")
