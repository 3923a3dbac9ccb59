"""A disk that is full now and then: what ended arrives once, and adds up, whenever that happens."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrace.conventions import ENDING, INPUT_VALUE, OUTPUT_VALUE
from orchestrace.export.receiver import resolve
from orchestrace.forwarding import Errand
from orchestrace.records import SpanRecord
from orchestrace.testing import OtlpReceiver, Reply

if TYPE_CHECKING:
    from tests.durability.conftest import Ashes, Post

resource = pytest.importorskip("resource")

SEGMENT = 1 << 14
LARGEST_FILE = 8192
"""Bytes that a file has on the full disk: too few for a segment, and for the database's log."""
HEALTH = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
STEPS = st.one_of(
    st.tuples(st.just("start"), st.integers(1, 5)),
    st.tuples(st.just("end"), st.sampled_from([10, 1_000, 6_000, 20_000])),
    st.tuples(st.just("end"), st.sampled_from([10, 1_000, 6_000, 20_000])),
    st.tuples(st.sampled_from(["full", "room", "down", "up", "flush"]), st.just(0)),
)


class Disk:
    """The disk of this process."""

    def __init__(self) -> None:
        self._usual, self._most = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.is_full = False

    def fill(self, *, full: bool) -> None:
        """Let files become no longer than they are on a full disk; or as long as ever."""
        self.is_full = full
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE if full else self._usual, self._most))


class Story:
    """A process, its disk and its receiver, to which things happen."""

    def __init__(self, post: Post, ashes: Ashes, disk: Disk, receiver: OtlpReceiver) -> None:
        self.post, self.ashes, self.disk, self.receiver = post, ashes, disk, receiver
        self.seen = len(receiver.spans)
        self.running = post.open(receiver.endpoint)
        self.running.journal.appender._size = SEGMENT
        self.open: list[SpanRecord] = []
        self.ended: set[str] = set()
        self.on_disk: set[str] = set()

    def happens(self, what: str, value: int) -> None:
        """Have one thing happen."""
        if what == "start":
            self.start(value)
        elif what == "end" and self.open:
            self.end(value)
        elif what in {"full", "room"}:
            self.disk.fill(full=what == "full")
        elif what in {"down", "up"}:
            self.receiver.reply = Reply(503) if what == "down" else Reply()
        elif what == "flush":
            assert len(self.ended) == self.running.flush(0.3).balance.ended

    def start(self, count: int) -> None:
        """Begin spans, and see which of them are on disk from then on."""
        for span in self.post.spans(count):
            begun = replace(span, end=None, attributes={INPUT_VALUE: "x" * 200})
            self.running.journal.started(begun)
            self.open.append(begun)
            if (begun.trace_id, begun.span_id) in self.running.journal.refuge.begun.rooms:
                self.on_disk.add(begun.span_id)

    def end(self, size: int) -> None:
        """End the span that began last, with so much output."""
        begun = self.open.pop()
        said = {**begun.attributes, ENDING: "returned", OUTPUT_VALUE: "y" * size}
        self.running.journal.ended(replace(begun, end=begun.start + 5_000, attributes=said))
        self.ended.add(begun.span_id)

    def ends(self) -> None:
        """Have the process end, and others send what it has left; compare that with what there was."""
        assert self.running.delivery.dispatch is not None
        outbox = self.running.delivery.dispatch._outbox
        self.running.stop(1, patience=0.1)
        self.disk.fill(full=False)
        self.receiver.reply = Reply()
        found = resolve(endpoint=self.receiver.endpoint)
        assert found is not None
        with closing(Errand(self.ashes.folder, found)) as errand:
            assert 0 == errand.run(20)
        # The one request of which it could not be noted any more that it had arrived.
        keys = {key for _, keys, *_ in (outbox._unnoted if outbox is not None else ()) for key in keys}
        unnoted = {ids for ids, key in self.ashes.ask("SELECT span_id, id FROM spans") if key in keys}
        arrived = self.receiver.spans[self.seen :]
        twice = {ids for ids, times in Counter(span.span_id for span in arrived).items() if times > 1}
        endings = {span.span_id: span.attributes.get(ENDING) for span in arrived if span.span_id in self.ended}

        assert twice <= unnoted
        assert {"returned"} >= set(endings.values())
        assert set() == (self.ended & self.on_disk) - endings.keys()
        assert 0 == self.ashes.balance().waiting


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Return the disk, which has room in the end."""
    made = Disk()
    yield made
    made.fill(full=False)


def tell(steps: list[tuple[str, int]], post: Post, ashes: Ashes, disk: Disk) -> None:
    """Have all this happen to a new process, and see what comes of it."""
    with OtlpReceiver() as receiver:
        story = Story(post, ashes, disk, receiver)
        try:
            for step in steps:
                story.happens(*step)
            story.ends()
        finally:
            disk.fill(full=False)
            post.close()
            shutil.rmtree(ashes.folder, ignore_errors=True)


class TestFullDisks:
    @given(steps=st.lists(STEPS, min_size=4, max_size=30))
    @settings(max_examples=6, suppress_health_check=HEALTH)
    def test_what_ended_arrives_once(self, steps: list[tuple[str, int]], post: Post, ashes: Ashes, disk: Disk) -> None:
        """If its start was on disk, in any case; and none of it is taken for interrupted, or counted twice."""
        tell(steps, post, ashes, disk)

    @pytest.mark.slow
    @given(steps=st.lists(STEPS, min_size=15, max_size=60))
    @settings(max_examples=25, suppress_health_check=HEALTH)
    def test_in_long_stories_too(self, steps: list[tuple[str, int]], post: Post, ashes: Ashes, disk: Disk) -> None:
        """With many spans that run at once."""
        tell(steps, post, ashes, disk)
