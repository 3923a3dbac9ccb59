from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from orchestrace.messages import ModelRequest, ModelResponse
from orchestrace.recording.answer import Answer
from orchestrace.recording.boundary import Boundary, current_boundary, open_boundary
from orchestrace.recording.callee import Callee
from orchestrace.recording.ending import DRAINED, RETURNED, End, ending_of
from orchestrace.recording.model_call import ModelCall
from orchestrace.testing import Spans, StepClock, capture


def called(boundary: Boundary) -> ModelCall:
    """Make the first request inside of a boundary."""
    boundary.call = ModelCall(Callee("chat"), ModelRequest("m"), start=boundary.started)
    boundary.call.answered(lambda: Answer(ModelResponse()))
    return boundary.call


def ended(error: BaseException | None = None) -> End:
    """Return how the SDK's method ended."""
    return End(RETURNED, 2**61) if error is None else End(ending_of(error), 2**61, error=error)


@pytest.mark.usefixtures("orchestrace_spans")
class TestCurrentBoundary:
    def test_is_the_one_around(self) -> None:
        """Inside of its scope, and nowhere else."""
        boundary = Boundary()
        with boundary.scope:
            inside = current_boundary()

        assert (boundary, None) == (inside, current_boundary())

    def test_the_inner_one_counts(self) -> None:
        """An SDK that calls another through one method of both."""
        outer = Boundary()
        with outer.scope:
            inner = Boundary()
            with inner.scope:
                assert inner is current_boundary()
            assert outer is current_boundary()

    def test_one_that_is_left_elsewhere_stays(self) -> None:
        """A coroutine is closed by another task, where another boundary is open, or none."""
        boundary, other = Boundary(), Boundary()
        elsewhere = copy_context()
        with other.scope:
            elsewhere.run(boundary.__enter__)
            boundary.__exit__(None, None, None)

            assert other is current_boundary()
        assert boundary is elsewhere.run(current_boundary)

    def test_another_thread_is_outside(self) -> None:
        """What it asks a model is no attempt of this call, although the run goes with it."""
        with Boundary().scope, ThreadPoolExecutor() as pool:
            assert None is pool.submit(current_boundary).result()

    def test_one_that_has_ended_is_none(self) -> None:
        """A task that was started inside goes on after it, and asks a model on its own account."""
        boundary = Boundary()
        with boundary.scope:
            boundary.end(ended())

            assert current_boundary() is None


class TestEnd:
    def test_without_a_call_there_is_no_span(self, orchestrace_spans: Spans) -> None:
        """Most of what an SDK asks is no model."""
        Boundary().end(ended())

        assert [] == list(orchestrace_spans)

    def test_ends_the_call(self, orchestrace_spans: Spans) -> None:
        """With the method."""
        boundary = Boundary()
        called(boundary)
        assert [] == list(orchestrace_spans)
        boundary.end(ended())

        assert RETURNED == orchestrace_spans.attributes("chat m")["orchestrace.ending"]

    def test_a_stream_goes_on(self, orchestrace_spans: Spans) -> None:
        """The method has returned it, and the program reads."""
        boundary = Boundary()
        call = called(boundary)
        boundary.streaming = object()
        boundary.end(ended())
        assert call.is_open
        call.end(End(DRAINED, 2**61))

        assert 1 == len(orchestrace_spans)

    @pytest.mark.parametrize(("error", "ending"), [(ValueError("no"), "error"), (KeyboardInterrupt(), "cancelled")])
    def test_what_the_method_raises_ends_it_in_any_case(
        self, orchestrace_spans: Spans, error: BaseException, ending: str
    ) -> None:
        """Nobody will read the stream."""
        boundary = Boundary()
        called(boundary)
        boundary.streaming = object()
        boundary.end(ended(error))

        assert ending == orchestrace_spans.attributes("chat m")["orchestrace.ending"]

    def test_the_call_began_with_the_method(self) -> None:
        """Waiting and retrying count."""
        with capture(clock=StepClock(start=1_000, step=10), instrument=False) as spans:
            boundary = Boundary()
            called(boundary)
            boundary.end(ended())

        assert 1_000 == spans.one("chat m").start

    def test_what_it_yields_passes(self) -> None:
        """The wire is where it is read."""
        assert Boundary().keep("item") is None  # type: ignore[func-returns-value] # that is the point


class TestOpenBoundary:
    def test_where_something_can_be_recorded(self, orchestrace_spans: Spans) -> None:
        """Every call of the method gets one."""
        assert isinstance(open_boundary((), {}), Boundary)

    @pytest.mark.parametrize("nothing", ["is_off", "is_silent"])
    def test_where_nothing_can_be(
        self, nothing: str, orchestrace_spans: Spans, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The SDK's method runs as it would without us."""
        monkeypatch.setattr(f"orchestrace.recording.boundary.{nothing}", lambda: True)

        assert open_boundary((), {}) is None
