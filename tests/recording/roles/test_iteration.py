from __future__ import annotations

import sys
from types import FrameType

import orchestrace
from orchestrace.recording.roles.iteration import Place
from orchestrace.testing import Spans


def raised() -> ValueError:
    """Return an error that has passed through a line of this function."""
    try:
        int("x")
    except ValueError as error:
        return error
    raise AssertionError


class TestPlace:
    def test_an_error_passed_through_it_or_not(self) -> None:
        """The line of the same code where it was raised, and no other."""
        error = raised()
        step = error.__traceback__
        assert step is not None
        code, line = step.tb_frame.f_code, step.tb_lineno
        here: FrameType = sys._getframe()

        assert Place(0, code, line).lies_on_the_way_of(error)
        assert not Place(0, code, line + 1).lies_on_the_way_of(error)
        assert not Place(0, here.f_code, line).lies_on_the_way_of(error)


class TestIteration:
    def test_says_what_became_of_it(self, orchestrace_spans: Spans) -> None:
        """Whether it was accepted, and a summary of its own."""
        with orchestrace.agent(name="A") as run:
            for turn in orchestrace.iterations(limit=2):
                run.evaluation(score=turn.index / 2, passed=turn.index == 2, name="tone")
        found = [orchestrace_spans.attributes(f"iteration {index}") for index in (1, 2)]

        assert [(False, "tone 0.5"), (True, "tone 1")] == [
            (one["orchestrace.accepted"], one["orchestrace.summary"]) for one in found
        ]

    def test_ends_when_the_run_goes_on_without_it(self, orchestrace_spans: Spans) -> None:
        """What was left by a break has ended by the time that something else begins."""
        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=2):
                break
            with orchestrace.tool(name="t"):
                ended = [span.name for span in orchestrace_spans]

        assert ["iteration 1"] == ended
