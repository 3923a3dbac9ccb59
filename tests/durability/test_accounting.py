"""What became of every span, after any sequence of what can happen: it adds up, and the receiver agrees."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrace.testing import OtlpReceiver
from orchestrace.testing.otlp import Received, Reply

if TYPE_CHECKING:
    from tests.durability.conftest import Ashes, Mortal, Post

BATCH = 512
STEPS = st.one_of(
    st.tuples(st.just("record"), st.integers(1, 40)),
    st.tuples(st.just("record bad ones"), st.integers(1, 3)),
    st.tuples(st.just("record not sampled"), st.integers(1, 3)),
    st.tuples(st.just("stop"), st.just(0)),
    st.tuples(st.just("start"), st.just(0)),
    st.tuples(st.just("flush"), st.just(0)),
    st.tuples(st.just("restart"), st.just(0)),
    st.tuples(st.just("kill"), st.integers(0, 1 << 30)),
)


class Story:
    """A receiver and a process beside it, to which things happen."""

    def __init__(self, post: Post, ashes: Ashes, mortal: Mortal, receiver: OtlpReceiver) -> None:
        self.post, self.ashes, self.mortal, self.receiver = post, ashes, mortal, receiver
        self.is_up = True
        self.seen = len(receiver.spans)
        self.begin()

    def begin(self) -> None:
        """Begin a process."""
        self.running = self.post.open(self.receiver.endpoint)
        self.good = self.bad = self.left_out = 0

    def happens(self, what: str, value: int) -> None:
        """Have one thing happen."""
        if what.startswith("record"):
            self.record(what, value)
        elif what == "stop" and self.is_up:
            self.is_up = False
            self.receiver.stop()
        elif what == "start" and not self.is_up:
            self.is_up = True
            self.receiver.start()
        elif what == "flush":
            self.flush()
        elif what == "restart":
            self.running.stop(1, patience=0.1)
            self.begin()
        elif what == "kill":
            self.mortal.die(("kill", "exit")[value % 2], value, self.receiver.endpoint)

    def record(self, what: str, count: int) -> None:
        """End some spans."""
        fields: dict[str, Any] = {}
        if "bad" in what:
            fields["name"], self.bad = "bad", self.bad + count
        elif "not" in what:
            fields["sampled"], self.left_out = False, self.left_out + count
        else:
            self.good += count
        for span in self.post.spans(count, **fields):
            self.running.journal.ended(span)

    def flush(self) -> None:
        """Flush, and compare what is said with what is so."""
        ended = self.good + self.bad + self.left_out
        flushed = self.running.flush(30 if self.is_up else 0.3)
        balance = flushed.balance

        assert ended == balance.ended
        assert sum(balance.dropped.values()) <= self.left_out  # what is not in the database yet is said to wait
        assert not flushed or not (balance.waiting or balance.refused)
        if self.is_up:  # else metrics may wait though no span does
            assert bool(flushed) == (not balance.refused), flushed.why
            assert (self.good, self.bad, 0) == (balance.delivered, balance.refused, balance.waiting)
            assert self.left_out == sum(balance.dropped.values())

    def ends(self) -> None:
        """Have everything come to its end, and compare the whole host with what the receiver has."""
        self.happens("start", 0)
        self.flush()
        self.ashes.recover()
        self.running.flush(10)
        self.ashes.wait_until("SELECT count(*) = 0 FROM deliveries WHERE state = 1")  # of killed processes, too
        balance = self.ashes.balance()
        delivered = {ids for (ids,) in self.ashes.ask(
            "SELECT trace_id || span_id FROM deliveries JOIN spans USING (id) WHERE state = 2")}  # fmt: skip
        has = {span.trace_id + span.span_id for span in self.receiver.spans[self.seen :]}

        assert 0 == balance.waiting
        assert delivered == has
        assert balance.ended == balance.delivered + balance.refused + sum(balance.dropped.values())


def decide(request: Received) -> Reply:
    """Refuse whatever has a bad span in it."""
    return Reply(400, message="bad") if any(span.name == "bad" for span in request.spans) else Reply()


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    """Return a receiver that wants no bad spans."""
    with OtlpReceiver(reply=decide) as started:
        yield started


class TestAccounting:
    @given(steps=st.lists(STEPS, min_size=2, max_size=14))
    @settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    def test_adds_up_whatever_happens(
        self, steps: list[tuple[str, int]], post: Post, ashes: Ashes, mortal: Mortal, receiver: OtlpReceiver
    ) -> None:
        """Ended is delivered, waiting, refused and dropped, by process and by host; `flush()` tells the truth."""
        story = Story(post, ashes, mortal, receiver)
        try:
            for step in steps:
                story.happens(*step)
            story.ends()
        finally:
            story.happens("start", 0)
            post.close()
            shutil.rmtree(Path(ashes.folder), ignore_errors=True)
