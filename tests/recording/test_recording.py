from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections import Counter
from typing import Any
from weakref import ref

import pytest
from opentelemetry.context import get_current
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, get_current_span

from orchestrace.journal.reader import Reader
from orchestrace.recording import content, finaliser, guard, lineage, tracer
from orchestrace.recording.ending import ABANDONED, CANCELLED, DRAINED, ERROR, INTERRUPTED, RETURNED, End
from orchestrace.recording.recording import Recording
from orchestrace.recording.unended import end_all
from orchestrace.testing import Spans, StepClock, capture

NOW = 2_000_000_000_000_000_000


class Part(Recording):
    """A recording that does what it is told to at its end."""

    __slots__ = ("at_end", "items")

    role = "part"

    def __init__(self, name: str = "part", *, at_end: Any = None, **attributes: Any) -> None:
        super().__init__(name)
        self.at_end = at_end
        self.items: list[object] = []
        self.begin(f"do {name}", attributes)

    def _tell(self, end: End) -> None:
        if self.at_end is not None:
            self.at_end(end)


class Unbegun(Recording):
    """A recording that fails before its span begins."""

    def __init__(self) -> None:
        super().__init__("unbegun")
        raise ValueError


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return the faults that were there before; what is logged is logged again."""
    monkeypatch.setattr(guard, "_last_said", {})
    return Counter(guard.faults())


def fail(_: End) -> None:
    """Be a fault of ours."""
    raise ValueError


class TestBegin:
    def test_what_stands_on_the_span_from_the_start(self, orchestrace_spans: Spans) -> None:
        """The schema, the role, and what is known: so it is on disk before the body runs."""
        part = Part(a=1)
        (running,) = orchestrace_spans.running
        part.end(End(RETURNED, NOW))

        assert {"orchestrace.schema.version": "1", "orchestrace.role": "part", "a": 1} == running.attributes
        assert "do part" == running.name

    def test_its_times_are_those_of_the_clock(self) -> None:
        """The start is when it was made, the end is when the body ended."""
        with capture(clock=StepClock(start=1_000, step=10), instrument=False) as spans:
            part = Part()
            part.end(End(RETURNED, 5_000))

        assert (1_000, 5_000) == (spans[0].start, spans[0].end)

    def test_the_kind_can_be_said(self, orchestrace_spans: Spans) -> None:
        """Whoever asks somebody else is a client."""
        part = Recording("call")
        part.begin("call", {}, SpanKind.CLIENT)
        part.end(End(RETURNED, NOW))

        assert SpanKind.CLIENT.value == orchestrace_spans[0].kind

    def test_it_is_current_in_its_scope_alone(self, orchestrace_spans: Spans) -> None:
        """Beginning changes nothing where it is called."""
        before = get_current()
        part = Part()
        assert get_current() is before
        with part.scope:
            inside = get_current_span(), lineage.current()
        part.end(End(RETURNED, NOW))

        assert (part.span, part) == inside
        assert get_current() is before

    def test_what_is_inside_knows_what_is_around(self, orchestrace_spans: Spans) -> None:
        """Its parent is the recording around it, and its span's parent is that one's span."""
        outer = Part("outer")
        with outer.scope:
            inner = Part("inner")
        inner.end(End(RETURNED, NOW))
        outer.end(End(RETURNED, NOW))

        assert inner.parent is outer
        assert outer.parent is None
        assert "do outer\n  do inner" == orchestrace_spans.tree()

    def test_one_that_failed_to_begin_ends_nothing(self, orchestrace_spans: Spans, faults: Counter[str]) -> None:
        """It has no span, and nobody hears of it again."""
        with pytest.raises(ValueError, match=r"^$"):
            Unbegun()
        gc.collect()

        assert [] == list(orchestrace_spans)
        assert Counter() == Counter(guard.faults()) - faults

    def test_without_content_it_says_so(self, orchestrace_spans: Spans) -> None:
        """Whoever serialises asks first."""
        with content.content("off"):
            off = Part()
        part = Part()
        for one in (off, part):
            one.end(End(RETURNED, NOW))

        assert (False, True) == (off.content, part.content)

    def test_a_span_that_nobody_keeps_takes_no_content(self) -> None:
        """Where the sampler drops the span, nothing is serialised."""
        before = tracer._provider
        tracer.use(TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False))
        try:
            part = Part()
            part.end(End(ERROR, NOW, error=ValueError()))
        finally:
            tracer.use(before)

        assert part.content is False


class TestPassOn:
    def test_stands_here_and_on_what_begins_inside(self, orchestrace_spans: Spans) -> None:
        """From now on: what has begun before keeps what it had."""
        outer = Part("outer")
        with outer.scope:
            before = Part("before")
            outer.pass_on({"key": "k"})
            after = Part("after")
        for one in (after, before, outer):
            one.end(End(RETURNED, NOW))
        keys = {span.name: span.attributes.get("key") for span in orchestrace_spans}

        assert {"do outer": "k", "do before": None, "do after": "k"} == keys


class TestPut:
    def test_after_the_end_it_is_lost_in_silence(
        self, orchestrace_spans: Spans, caplog: pytest.LogCaptureFixture
    ) -> None:
        """OpenTelemetry would log it; a handle that is held too long is no fault."""
        part = Part()
        part.end(End(RETURNED, NOW))
        part.put({"late": True})

        assert [] == caplog.records
        assert "late" not in orchestrace_spans[0].attributes


class TestEnd:
    @pytest.mark.parametrize("ending", [RETURNED, DRAINED, ABANDONED, CANCELLED, ERROR, INTERRUPTED])
    def test_says_how(self, orchestrace_spans: Spans, ending: str) -> None:
        """In one word."""
        Part().end(End(ending, NOW))

        assert [ending] == [span.attributes["orchestrace.ending"] for span in orchestrace_spans]

    def test_only_the_first_counts(self, orchestrace_spans: Spans) -> None:
        """Whatever comes after it."""
        part = Part()
        assert part.is_open
        for ending in (DRAINED, ABANDONED, ERROR):
            part.end(End(ending, NOW))

        assert not part.is_open
        assert [DRAINED] == [span.attributes["orchestrace.ending"] for span in orchestrace_spans]

    def test_of_threads_that_end_it_at_once_one_does(self, orchestrace_spans: Spans) -> None:
        """A span ends once."""
        told: list[End] = []
        parts = [Part(at_end=told.append) for _ in range(20)]
        start = threading.Barrier(8)

        def end() -> None:
            start.wait()
            for part in parts:
                part.end(End(RETURNED, NOW))

        threads = [threading.Thread(target=end) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (20, 20) == (len(told), len(orchestrace_spans))

    def test_an_error_stands_on_the_span(self, orchestrace_spans: Spans) -> None:
        """Its type, its words as the status, and the exception as an event, at the moment of the end."""
        Part().end(End(ERROR, NOW, error=ValueError("too short")))
        (span,) = orchestrace_spans

        assert ("ERROR", "too short", "ValueError") == (
            span.status,
            span.status_message,
            span.attributes["error.type"],
        )
        assert [("exception", NOW)] == [(event.name, event.time) for event in span.events]

    def test_a_cancellation_is_no_error(self, orchestrace_spans: Spans) -> None:
        """What stopped it stands there as an event; the status says nothing."""
        Part().end(End(CANCELLED, NOW, error=KeyboardInterrupt()))
        (span,) = orchestrace_spans

        assert ("UNSET", ["exception"]) == (span.status, [event.name for event in span.events])
        assert "error.type" not in span.attributes

    def test_without_content_an_error_has_no_words(self, orchestrace_spans: Spans) -> None:
        """Exceptions quote prompts."""
        with content.content("off"):
            Part().end(End(ERROR, NOW, error=ValueError("the prompt")))
        (span,) = orchestrace_spans

        assert ("ERROR", None, "ValueError") == (span.status, span.status_message, span.attributes["error.type"])
        assert [{"exception.type": "ValueError"}] == [event.attributes for event in span.events]

    @pytest.mark.parametrize("step", ["_tell", "_conclude"])
    def test_what_one_step_cannot_say_the_others_do(
        self, orchestrace_spans: Spans, faults: Counter[str], monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        """A fault of ours is counted, and the span ends."""
        monkeypatch.setattr(Part, step, lambda *_: fail(End(RETURNED, NOW)))
        Part().end(End(RETURNED, NOW))

        assert {"end of Part": 1} == Counter(guard.faults()) - faults
        assert [(NOW, step == "_tell")] == [
            (span.end, "orchestrace.ending" in span.attributes) for span in orchestrace_spans
        ]

    def test_an_interrupt_at_the_end_is_the_programs(self, orchestrace_spans: Spans) -> None:
        """It is raised, and the span has ended."""

        def interrupt(_: End) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            Part(at_end=interrupt).end(End(RETURNED, NOW))

        assert [NOW] == [span.end for span in orchestrace_spans]

    def test_inside_a_garbage_collection_it_is_left_to_our_thread(self, orchestrace_spans: Spans) -> None:
        """The collector may run inside of any lock: its thread takes none for us."""
        threads: list[str] = []
        part = Part(at_end=lambda _: threads.append(threading.current_thread().name))

        class Cycle:
            def __init__(self) -> None:
                self.me = self

            def __del__(self) -> None:
                part.end(End(ABANDONED, NOW))

        Cycle()
        gc.collect()
        finaliser.drain(10)

        assert ["orchestrace-finaliser"] == threads
        assert [(ABANDONED, NOW)] == [(span.attributes["orchestrace.ending"], span.end) for span in orchestrace_spans]


class TestLost:
    def test_one_that_nobody_can_end_is_abandoned(self, orchestrace_spans: Spans) -> None:
        """Its last holder let go of it without a word."""
        part: Part | None = Part()
        del part

        assert [ABANDONED] == [span.attributes["orchestrace.ending"] for span in orchestrace_spans]

    def test_it_is_not_kept_alive_by_us(self, orchestrace_spans: Spans) -> None:
        """What it holds of the program's may hold whatever would end it."""
        part = Part()
        part.items.append(part)
        kept = ref(part)
        del part
        gc.collect()
        finaliser.drain(10)
        gc.collect()

        assert kept() is None
        assert 1 == len(orchestrace_spans)


class TestEndAll:
    def test_ends_what_is_open_innermost_first(self, orchestrace_spans: Spans) -> None:
        """The process leaves: all of it was interrupted."""
        outer = Part("outer")
        with outer.scope:
            inner = Part("inner")
        done = Part("done")
        done.end(End(RETURNED, NOW))
        end_all()

        assert [("do done", RETURNED), ("do inner", INTERRUPTED), ("do outer", INTERRUPTED)] == [
            (span.name, span.attributes["orchestrace.ending"]) for span in orchestrace_spans
        ]
        assert not inner.is_open


FORKS = """
import os, sys
import orchestrace

orchestrace.configure(journal=sys.argv[1])

@orchestrace.tool
def look() -> None:
    "Be seen."

@orchestrace.agent(name="A")
def run() -> int:
    child = os.fork()
    look()
    if child == 0:
        sys.exit(0)  # through the body, as a worker leaves that was forked by hand
    return os.waitpid(child, 0)[1]

sys.exit(run())
"""


SAYS = """
import os, sys
import orchestrace

orchestrace.configure(journal=sys.argv[1])
with orchestrace.agent(name="A") as run:
    child = os.fork()
    if child == 0:
        run.set_key("child")
        os._exit(0)
    os.waitpid(child, 0)
    os._exit(0)
"""


@pytest.mark.skipif(not hasattr(sys, "getwindowsversion") and sys.platform == "win32", reason="Windows has no fork")
class TestFork:
    def test_a_child_does_not_end_what_its_parent_records(self, tmp_path: Any) -> None:
        """It goes through the same body, and is no second end of it; what it does itself stands below."""
        command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKS, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our words
        spans = Reader(tmp_path).trace("last")

        assert ("", "", 0) == (done.stdout, done.stderr, done.returncode)
        assert [("execute_tool look", RETURNED)] * 2 + [("invoke_agent A", RETURNED)] == sorted(
            (span.name, span.attributes["orchestrace.ending"]) for span in spans
        )

    def test_a_child_says_nothing_of_what_its_parent_records(self, tmp_path: Any) -> None:
        """What it sets there stands on spans of its own alone: the parent's is not kept a second time, by another."""
        command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", SAYS, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our words
        (span,) = Reader(tmp_path).trace("last")

        assert ("", "", 0) == (done.stdout, done.stderr, done.returncode)
        assert INTERRUPTED == span.attributes["orchestrace.ending"]
        assert "orchestrace.key" not in span.attributes
