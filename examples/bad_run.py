"""
Find a bad run in Jaeger and say why it went bad: what docs/bad-runs.md does by hand, asked of Jaeger's query API.

`python examples/bad_run.py --service sourcing` asks the Jaeger of docker-compose.yml. With the name of a folder, it
also writes what it shows there, as pictures.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

SECOND = 1_000_000
"""In microseconds, as Jaeger counts."""
BAR = 24
WIDTH = 124
NOT_ACCEPTED = {"gen_ai.operation.name": "invoke_agent", "orchestrace.accepted": "false"}
FAILED = {"gen_ai.operation.name": "invoke_agent", "orchestrace.ending": "error"}


@dataclass(frozen=True)
class Span:
    """A span as Jaeger gives it back; times in microseconds."""

    id: str
    parent: str | None
    name: str
    start: int
    duration: int
    tags: Mapping[str, Any]

    @property
    def took(self) -> str:
        """How long it took."""
        return f"{self.duration / SECOND:.2f} s" if self.duration >= SECOND else f"{self.duration / 1000:.0f} ms"


@dataclass(frozen=True)
class Trace:
    """A trace."""

    id: str
    spans: list[Span] = field(repr=False)

    @cached_property
    def children(self) -> dict[str | None, list[Span]]:
        """The spans by the id of their parent, in the order in which they began."""
        known = {span.id for span in self.spans}
        found: dict[str | None, list[Span]] = {}
        for span in sorted(self.spans, key=lambda span: span.start):
            found.setdefault(span.parent if span.parent in known else None, []).append(span)
        return found

    def walk(self, parent: str | None = None, depth: int = 0) -> Iterator[tuple[int, Span]]:
        """Return the spans with their depth, each before what is below it."""
        for span in self.children.get(parent, []):
            yield depth, span
            yield from self.walk(span.id, depth + 1)

    def below(self, span: Span) -> list[Span]:
        """Return what is below a span."""
        return [found for _, found in self.walk(span.id)]

    @property
    def agent(self) -> Span:
        """The span of the agent, which has what a run is searched by."""
        return next(span for _, span in self.walk() if span.tags.get("gen_ai.operation.name") == "invoke_agent")


def search(jaeger: str, service: str, tags: Mapping[str, str]) -> list[Trace]:
    """Return the latest traces of a service that have a span with all of these tags; the latest first."""
    asked = urlencode({"service": service, "tags": json.dumps(tags), "limit": 20, "lookback": "2d"})
    with urlopen(f"{jaeger}/api/traces?{asked}", timeout=30) as answer:  # noqa: S310 - the address that we were given
        found = [_trace(trace) for trace in json.load(answer)["data"]]
    return sorted(found, key=lambda trace: trace.agent.start, reverse=True)


def _trace(found: dict[str, Any]) -> Trace:
    return Trace(found["traceID"], [_span(span) for span in found["spans"]])


def _span(found: dict[str, Any]) -> Span:
    parent = next((to["spanID"] for to in found["references"] if to["refType"] == "CHILD_OF"), None)
    tags = {tag["key"]: tag["value"] for tag in found["tags"]}
    return Span(found["spanID"], parent, found["operationName"], found["startTime"], found["duration"], tags)


# -- what is shown ----------------------------------------------------------------------------------------------------
def show_found(traces: list[Trace]) -> RenderableType:
    """Show what a search found: a line for each run, which says what became of it."""
    table = Table("trace", "key", "took", "iterations", "stopped by", "summary", box=None, header_style="dim")
    for trace in traces:
        tags = trace.agent.tags
        words = [tags.get(f"orchestrace.{name}", "") for name in ("key", "iterations", "stop_reason", "summary")]
        key, iterations, reason, summary = map(str, words)
        table.add_row(trace.id[:8], key, trace.agent.took, iterations, reason, summary)
    return table


def show_trace(trace: Trace) -> RenderableType:
    """Show the timeline of a trace, with what went wrong in the margin."""
    table = Table("span", "", "took", "what it says", box=None, header_style="dim", pad_edge=False)
    first = min(span.start for span in trace.spans)
    scale = max(span.start + span.duration for span in trace.spans) - first
    for depth, span in trace.walk():
        offset = (span.start - first) * BAR // scale
        length = max(1, span.duration * BAR // scale)
        style = "red" if "error" in span.tags else "yellow" if _is_bad(span) else ""
        bar = " " * min(offset, BAR - 1) + "━" * min(length, BAR - min(offset, BAR - 1))
        table.add_row(Text("  " * depth + span.name, style), Text(bar.ljust(BAR), style), span.took, _remark(span))
    return table


def show_drafts(trace: Trace) -> RenderableType:
    """Show what each iteration drafted, and what was said of it."""
    table = Table("iteration", "draft", "verdicts", box=None, header_style="dim", pad_edge=False)
    for span in trace.children.get(trace.agent.id, []):
        if span.name.startswith("iteration "):
            inside = trace.below(span)
            drafts = [
                _short(one.tags.get("output.value", ""), 150) for one in inside if one.name.startswith("generate ")
            ]
            verdicts = [f"{one.tags['gen_ai.evaluation.name']}: {_remark(one)}" for one in inside if _is_verdict(one)]
            table.add_row(span.name.split()[-1], "\n".join(drafts), "\n".join(verdicts))
    return table


def show_call(trace: Trace) -> RenderableType:
    """Show the last call that drafted something: the exact messages, and the answer."""
    drafting = [one for span in trace.spans if span.name.startswith("generate ") for one in trace.below(span)]
    call = max((one for one in drafting if "gen_ai.input.messages" in one.tags), key=lambda one: one.start)
    messages = json.loads(call.tags["gen_ai.input.messages"]) + json.loads(
        call.tags.get("gen_ai.output.messages", "[]")
    )
    table = Table.grid(padding=(0, 2))
    for message in messages:
        words = " ".join(str(part.get("content", part.get("name", ""))) for part in message["parts"])
        table.add_row(Text(message["role"], "dim"), _short(words, 280))
    names = ["gen_ai.request.model", "gen_ai.prompt.name", "gen_ai.prompt.version", "orchestrace.attempts"]
    names += ["orchestrace.ending", "http.response.status_code", "error.type", "otel.status_description"]
    facts = {name: str(call.tags[name]) for name in names if name in call.tags}
    for name, value in facts.items():
        table.add_row(Text(name, "dim"), value)
    return Group(Text(call.name, "bold"), table)


def _is_verdict(span: Span) -> bool:
    return "gen_ai.evaluation.name" in span.tags


def _is_bad(span: Span) -> bool:
    names = ("orchestrace.accepted", "orchestrace.evaluation.passed")
    return any(span.tags.get(name) is False for name in names) or span.tags.get("orchestrace.ending") == "abandoned"


def _remark(span: Span) -> str:
    if "error" in span.tags:
        return _short(str(span.tags.get("otel.status_description", span.tags.get("error.type", ""))), 60)
    if _is_verdict(span):
        known = [span.tags.get(f"gen_ai.evaluation.{name}") for name in ("score.value", "score.label", "explanation")]
        passed = {True: "passed", False: "failed"}.get(span.tags.get("orchestrace.evaluation.passed", ""), "")
        return " ".join(str(word) for word in [known[0], passed, *known[1:]] if word not in {None, ""})
    ending = span.tags.get("orchestrace.ending", "")
    return str(span.tags.get("orchestrace.summary", "")) or (ending if ending in {"abandoned", "cancelled"} else "")


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def main() -> None:
    """Search, open the first run that is found, and look into it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jaeger", default="http://localhost:16686", help="where its query API is")
    parser.add_argument("--service", default="sourcing-demo", help="whose runs")
    parser.add_argument("pictures", nargs="?", type=Path, help="a folder to write pictures into")
    asked = parser.parse_args()
    not_accepted = search(asked.jaeger, asked.service, NOT_ACCEPTED)
    failed = search(asked.jaeger, asked.service, FAILED)
    known = {trace.id for trace in failed}
    limited = [trace for trace in not_accepted if trace.id not in known] or not_accepted
    shown = {"search": ("Search: nobody accepted the output", show_found(not_accepted))}
    if limited:
        shown["timeline"] = ("The timeline of the first", show_trace(limited[0]))
        shown["drafts"] = ("Its iterations", show_drafts(limited[0]))
        shown["prompt"] = ("The last call that drafted", show_call(limited[0]))
    if failed:
        shown["error"] = ("The same call of a run that failed", Group(show_trace(failed[0]), "", show_call(failed[0])))
    for name, (title, drawn) in shown.items():
        console = Console(record=True, width=WIDTH, highlight=False)
        console.print(Text(title, "bold underline"), drawn, "", sep="\n")
        if asked.pictures:
            picture = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title=title), flags=re.DOTALL)
            (asked.pictures / f"bad-run-{name}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
