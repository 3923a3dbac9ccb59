"""Runs to read: one that tells a whole story, recorded by the engine itself at fixed times."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from rich.console import Console, RenderableType

from orchestrace import conventions as names
from orchestrace.decorators import agent, evaluator, generator, tool
from orchestrace.evaluations import Evaluation
from orchestrace.handle import current
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import connect, transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.journal import Journal
from orchestrace.journal.outbox import TRACES, Outbox
from orchestrace.journal.store import note_writer, store
from orchestrace.loop import iterations
from orchestrace.messages import Failure, ModelRequest, ModelResponse, Usage, text, tool_call
from orchestrace.prompts import Example, Prompt
from orchestrace.recording import clock
from orchestrace.recording.answer import Answer
from orchestrace.recording.callee import Callee
from orchestrace.recording.ending import RETURNED, End
from orchestrace.recording.model_call import ModelCall
from orchestrace.records import SpanRecord
from orchestrace.testing import StepClock, capture
from orchestrace.typing import Attributes

SECOND = 1_000_000_000

DRAFT = Prompt(
    "sourcing/draft",
    "Write to {candidate.name} about the job {job}. {feedback}",
    version="3",
    few_shot=[
        Example({"name": "Ada"}, "Dear Ada, …", id="warm-1"),
        Example({"name": "Lin"}, "Dear Lin, …", id="warm-2"),
    ],
)
JUDGE = Prompt("sourcing/tone", "Is this friendly?\n\n{text}", version="1")


class RateLimitError(Exception):
    """What an SDK raises."""

    __module__ = "provider"


@dataclass
class Candidate:
    """Whom the run is about."""

    name: str
    city: str


class Story:
    """Two iterations: the first draft fails, the model refuses to judge the second, which was cut off."""

    def __init__(self, passing: StepClock) -> None:
        self.passing = passing

    @tool(name="search_profiles")
    def search_profiles(self, query: str) -> list[str]:
        """Find candidates."""
        self.passing.advance(SECOND // 5)
        return [f"{query} 1", f"{query} 2"]

    @generator(name="draft")
    def draft(self, candidate: Candidate, job: str, feedback: str) -> str:
        """Write, or write better."""
        words = DRAFT.render(candidate=candidate, job=job, feedback=feedback)
        request = ModelRequest(
            "gpt-4o",
            [{"role": "user", "parts": [text(words)]}],
            [text("You write short and friendly e-mails.")],
            stream=True,
            parameters={"model": "gpt-4o", "stream": True, "temperature": 0.2, "max_tokens": 60},
        )
        answer = (
            "Sehr geehrte Frau Çelik, hiermit teilen wir Ihnen mit, dass eine Stelle frei ist."
            if not feedback
            else "Liebe"
        )
        reason = "stop" if not feedback else "length"
        response = ModelResponse(
            "chatcmpl-1",
            "gpt-4o-2024-11-20",
            [{"role": "assistant", "parts": [text(answer)]}],
            [reason],
            [reason],
            Usage(1204, 61, cache_read=1024),
        )
        self.ask(request, Answer(response), first_chunk=True)
        return answer

    @evaluator(name="tone", version="2")
    def judge(self, text_: str) -> Evaluation:
        """Say whether it is friendly."""
        words = JUDGE.render(text=text_)
        request = ModelRequest("gpt-4o-mini", [{"role": "user", "parts": [text(words)]}])
        if text_ == "Liebe":
            failure = Failure("rate_limit_exceeded", "Rate limit reached for gpt-4o-mini: limit 200, used 200.")
            self.ask(request, Answer(None, 429, failure, '{"error": {"code": "rate_limit_exceeded"}}'), attempts=3)
            message = "Error code: 429 - Rate limit reached for gpt-4o-mini: limit 200, used 200."
            raise RateLimitError(message)
        call = {"score": 0.4}
        response = ModelResponse(
            "chatcmpl-2",
            "gpt-4o-mini",
            [{"role": "assistant", "parts": [tool_call("grade", call, "call_1")]}],
            ["tool_call"],
            ["tool_calls"],
            Usage(310, 12),
        )
        self.ask(request, Answer(response))
        return Evaluation(score=0.4, passed=False, feedback="Too formal: use the first name.")

    def ask(self, request: ModelRequest, answer: Answer, *, attempts: int = 1, first_chunk: bool = False) -> None:
        """Record a model call."""
        call = ModelCall(Callee("chat", "openai", "api.openai.com", 443), request)
        for _ in range(attempts - 1):
            call.attempt()
        self.passing.advance(SECOND // 2)
        if first_chunk:
            call.first_chunk()
        self.passing.advance(SECOND)
        call.answered(lambda: answer)
        call.end(End(RETURNED, clock.now()))

    @agent(name="SourcingEmailCrafterAgent", version="1.4", config={"model": "gpt-4o", "rounds": 2}, key="job")
    def run(self, candidate: Candidate, job: str) -> str:
        """Write an e-mail."""
        current().tag("trial")
        self.search_profiles("welder")
        feedback = ""
        for _ in iterations(limit=3):
            written = self.draft(candidate, job, feedback)
            feedback = self.judge(written).feedback or ""
        return written


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the local time be UTC, and lines of 100 cells."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        patch.setenv("COLUMNS", "100")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(scope="session")
def story() -> list[SpanRecord]:
    """Return the spans of a run of two iterations that an error ended."""
    standing = StepClock(step=0)
    with capture(clock=standing, instrument=False) as spans:
        with pytest.raises(RateLimitError):
            Story(standing).run(Candidate("Zoë Çelik", "İzmir"), "welder-17")
        return list(spans)


Make: TypeAlias = Callable[..., SpanRecord]


@pytest.fixture
def make() -> Make:
    """Return what makes a span by hand: its attributes, and fields of the record where they matter."""
    numbers = count(1)

    def span(
        attributes: Attributes | None = None,
        name: str = "work",
        **fields: Any,
    ) -> SpanRecord:
        known = {"trace_id": "0" * 31 + "1", "parent_id": None, "kind": 0, "start": 0, "end": SECOND}
        known |= {"span_id": f"{next(numbers):016x}", "name": name, "attributes": dict(attributes or {})}
        return SpanRecord(**(known | fields))

    return span


@pytest.fixture
def read() -> Callable[..., str]:
    """Return what draws something as a reader sees it in a pipe."""

    def draw(drawn: RenderableType, width: int = 100) -> str:
        console = Console(width=width, file=StringIO(), highlight=False, color_system=None)
        console.print(drawn, crop=False)
        return console.file.getvalue()  # type: ignore[attr-defined] # it is a StringIO

    return draw


@pytest.fixture
def journal(tmp_path: Path, story: list[SpanRecord]) -> Path:
    """Return the folder of a journal that holds the story, as trace 3c7a…, and a run that went well, as trace 9b01…."""
    folder = tmp_path / "journal"
    writing = Journal(folder)
    for span in story:
        writing.ended(replace(span, trace_id="3c7a" + span.trace_id[4:]))
    well = {
        names.ROLE: "agent",
        names.AGENT_NAME: "Greeter",
        names.OPERATION_NAME: "invoke_agent",
        names.STOP_REASON: "returned",
        names.OUTPUT_VALUE: "grüß Gott",
        names.ENDING: "returned",
    }
    start = story[-1].start + 60 * SECOND
    trace_id = "9b01" + "0" * 28
    writing.ended(
        SpanRecord(trace_id, "a" * 16, None, "invoke_agent Greeter", 0, start, start + SECOND, attributes=dict(well))
    )
    writing.close()
    return folder


@pytest.fixture
def refuse(tmp_path: Path) -> Callable[..., None]:
    """Return what makes a journal of a folder: in it spans were refused, each for a reason of its own."""

    def put(*reasons: str) -> None:
        start, receiver = 1_767_225_600 * SECOND, Addressee("1", "http://one")
        records = [
            SpanRecord("3c7a" + "0" * 28, str(number), None, f"span {number}", 0, start, start + number)
            for number in range(len(reasons))
        ]
        with closing(connect(tmp_path)) as database:
            with transaction(database):
                writer = note_writer(database, Header("p", 1, "here", start, "1", {}, receiver=receiver), over=True)
                store(database, records, writer)
            outbox = Outbox(database, 1)
            for (key, _, _), reason in zip(outbox.waiting(TRACES, 9, 1 << 20), reasons, strict=True):
                outbox.refused(TRACES, [key], reason)

    return put
