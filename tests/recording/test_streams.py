from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import Any
from weakref import ref

import pytest

from orchestrace.recording.ending import ABANDONED, CANCELLED, DRAINED, ERROR, INTERRUPTED, RETURNED, End
from orchestrace.recording.selectors import MISSING
from orchestrace.recording.streams import StreamEnd, Streams

HERE, ELSEWHERE = (1, 1), (1, 2)
BODY = End(RETURNED, 100)


class Stream:
    """Stands for a recording: all that is asked of it is its role."""

    def __init__(self, role: str = "") -> None:
        self.role = role


@pytest.fixture
def streams() -> Streams:
    """Return the streams of a call whose body runs here."""
    made = Streams()
    made.belong(HERE)
    return made


def opened(streams: Streams, *strands: tuple[int, int]) -> list[Any]:
    """Open a stream on each strand."""
    made = [Stream() for _ in strands]
    for stream, strand in zip(made, strands, strict=True):
        streams.opened(stream, strand)  # type: ignore[arg-type] # see `Stream`
    return made


class TestHold:
    def test_without_a_stream_nothing_is_waited_for(self, streams: Streams) -> None:
        """Nearly every call: its body's end is its own."""
        assert (False, BODY) == (streams.hold(BODY), streams.outcome(BODY))

    def test_a_stream_that_was_left_is_not_waited_for(self, streams: Streams) -> None:
        """It began in the body's own task, and the body did not return it."""
        (stream,) = opened(streams, HERE)

        assert not streams.hold(BODY)
        assert [stream] == list(streams.calls())

    @pytest.mark.parametrize("ending", [ERROR, CANCELLED, ABANDONED, INTERRUPTED])
    def test_what_did_not_return_waits_for_nothing(self, streams: Streams, ending: str) -> None:
        """It is known how it ended."""
        streams.live = True
        _ = opened(streams, ELSEWHERE)

        assert not streams.hold(End(ending, 100))

    @pytest.mark.parametrize(("live", "strand"), [(True, HERE), (False, ELSEWHERE)])
    def test_the_last_of_several_gives_it_free(self, streams: Streams, live: bool, strand: tuple[int, int]) -> None:  # noqa: FBT001 - a parameter of the test
        """Streams that were returned, or that others read."""
        streams.live = live
        one, other = opened(streams, strand, strand)

        assert (True, True) == (streams.hold(BODY), streams.held)
        assert streams.closed(other, StreamEnd(DRAINED, 200)) is None
        assert streams.closed(other, StreamEnd(DRAINED, 200)) is None
        assert streams.closed(one, StreamEnd(DRAINED, 300)) == BODY
        assert (False, None) == (streams.held, streams.release())

    def test_what_is_held_can_be_taken(self, streams: Streams) -> None:
        """By who ends everything, once."""
        streams.live = True
        (stream,) = opened(streams, HERE)
        streams.hold(BODY)

        assert [BODY, None] == [streams.release(), streams.release()]
        assert streams.closed(stream, StreamEnd(DRAINED, 200)) is None

    def test_a_part_of_the_run_is_not_kept_alive(self, streams: Streams) -> None:
        """A generator's recording must be missed when nobody has it."""
        part = Stream("generator")
        streams.opened(part, HERE)  # type: ignore[arg-type] # see `Stream`
        kept = ref(part)
        del part

        assert (None, [], True) == (kept(), list(streams.calls()), streams.are_open)

    @pytest.mark.parametrize("_", range(20))
    def test_body_and_stream_may_end_at_once(self, streams: Streams, _: int, switching: None) -> None:
        """Exactly one of them ends the call."""
        streams.live = True
        made = opened(streams, *[ELSEWHERE] * 4)
        start, ended = threading.Barrier(5), list[object]()

        def body() -> None:
            start.wait()
            if not streams.hold(BODY):
                ended.append("body")

        def close(stream: Any) -> None:
            start.wait()
            if streams.closed(stream, StreamEnd(DRAINED, 200)) is not None:
                ended.append("stream")

        threads = [threading.Thread(target=body), *(threading.Thread(target=close, args=(one,)) for one in made)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert 1 == len(ended)


@pytest.fixture
def switching() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def outcome(streams: Streams, *ends: StreamEnd) -> End:
    """Return the outcome of a call that waited for streams that ended so."""
    made = opened(streams, *[ELSEWHERE] * len(ends))
    assert streams.hold(BODY)
    found = [streams.closed(stream, end) for stream, end in zip(made, ends, strict=True)]
    assert [None] * (len(ends) - 1) + [BODY] == found
    return streams.outcome(BODY)


class TestOutcome:
    @pytest.mark.parametrize(
        ("endings", "expected"),
        [
            ([DRAINED], DRAINED),
            ([RETURNED], RETURNED),
            ([ABANDONED, DRAINED], ABANDONED),
            ([ABANDONED, CANCELLED], CANCELLED),
            ([ERROR, CANCELLED], ERROR),
            ([ERROR, INTERRUPTED], INTERRUPTED),
        ],
    )
    def test_of_what_was_returned_live_is_the_worst(self, streams: Streams, endings: list[str], expected: str) -> None:
        """What was returned is as good as the worst of its streams, and ends with the last."""
        streams.live = True
        found = outcome(streams, *(StreamEnd(ending, 300 - place) for place, ending in enumerate(endings)))

        assert (expected, 300) == (found.ending, found.at)

    def test_says_what_failed_and_what_came(self, streams: Streams) -> None:
        """In the order in which they ended."""
        streams.live = True
        failure = "overloaded", "Slow down."
        found = outcome(streams, StreamEnd(DRAINED, 200, said="one"), StreamEnd(ERROR, 300, failure, "two"))

        assert (failure, ["one", "two"], None) == (found.failure, found.value, found.error)

    def test_of_a_plain_value_is_its_own(self, streams: Streams) -> None:
        """Whatever became of what others read meanwhile; the call lasted as long as they did."""
        found = outcome(streams, StreamEnd(ERROR, 200, ("x", ""), "one"), StreamEnd(ABANDONED, 900))

        assert End(RETURNED, 200, MISSING) == found

    def test_of_a_process_that_left_is_interrupted(self, streams: Streams) -> None:
        """The value was there, but what belonged to it was not over."""
        assert INTERRUPTED == outcome(streams, StreamEnd(INTERRUPTED, 200)).ending
