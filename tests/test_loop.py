from __future__ import annotations

import gc
from collections.abc import Iterator
from contextvars import copy_context

import pytest
from opentelemetry.trace import get_current_span

import orchestrace
from orchestrace import Evaluation
from orchestrace.testing import Spans


@orchestrace.evaluator(name="tone")
def tone(*, passed: bool) -> Evaluation:
    """Judge."""
    return Evaluation(score=float(passed), passed=passed)


@orchestrace.generator
def fail() -> None:
    """Fail."""
    raise ValueError


def outcome(spans: Spans) -> dict[str, object]:
    """Return how the only run went."""
    names = ("iterations", "accepted", "stop_reason", "accepted_iteration", "stop_detail")
    agent = spans.attributes("invoke_agent A")
    return {name: agent[f"orchestrace.{name}"] for name in names if f"orchestrace.{name}" in agent}


class TestIterations:
    def test_turns_are_counted_from_one(self) -> None:
        """Up to the limit, which each turn knows; also where nothing is recorded."""
        assert [(1, 3), (2, 3), (3, 3)] == [(turn.index, turn.limit) for turn in orchestrace.iterations(limit=3)]

    @pytest.mark.parametrize("limit", [0, -1])
    def test_no_limit_below_one_gives_a_turn(self, limit: int) -> None:
        """It is a range: no misuse at run time reaches the program as an error of ours."""
        assert [] == list(orchestrace.iterations(limit=limit))

    def test_without_a_limit_it_goes_on(self) -> None:
        """Until it is left."""
        assert 500 == next(turn.index for turn in orchestrace.iterations() if turn.index == 500)

    def test_each_has_a_span_around_what_happens_in_it(self, orchestrace_spans: Spans) -> None:
        """The next turn is beside it, not inside."""
        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=2):
                with orchestrace.generator(name="draft"):
                    pass

        assert (
            "invoke_agent A\n"
            "  iteration 1 orchestrace.iteration.index=1\n"
            "    generate draft orchestrace.iteration.index=1\n"
            "  iteration 2 orchestrace.iteration.index=2\n"
            "    generate draft orchestrace.iteration.index=2"
        ) == orchestrace_spans.tree("orchestrace.iteration.index")

    def test_what_follows_the_loop_is_outside_of_it(self, orchestrace_spans: Spans) -> None:
        """Whether it ran to its end or was left."""
        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=1):
                pass
            with orchestrace.tool(name="one"):
                pass
            for _ in orchestrace.iterations(limit=3):
                break
            with orchestrace.tool(name="two"):
                pass
        agent = orchestrace_spans.one("invoke_agent A")

        assert {agent.span_id} == {orchestrace_spans.one(f"execute_tool {name}").parent_id for name in ("one", "two")}

    def test_a_held_iterator_ends_with_the_agent(self, orchestrace_spans: Spans) -> None:
        """Nobody has to let go of it."""
        with orchestrace.agent(name="A"):
            held = orchestrace.iterations(limit=3)
            next(held)
        after = get_current_span()
        del held

        assert not after.get_span_context().is_valid
        assert ["iteration 1", "invoke_agent A"] == [span.name for span in orchestrace_spans]

    def test_in_a_generator_it_is_current_only_inside(self, orchestrace_spans: Spans) -> None:
        """The consumer never sees the iteration between two items."""

        @orchestrace.agent(name="A")
        def craft() -> Iterator[int]:
            for turn in orchestrace.iterations(limit=2):
                with orchestrace.tool(name=f"t{turn.index}"):
                    pass
                yield turn.index

        seen = [get_current_span().get_span_context().is_valid for _ in craft()]

        assert [False, False] == seen
        assert (
            "invoke_agent A\n  iteration 1\n    execute_tool t1\n  iteration 2\n    execute_tool t2"
        ) == orchestrace_spans.tree()

    def test_a_loop_in_a_cycle_is_ended_by_the_collector(self, orchestrace_spans: Spans) -> None:
        """Also where no agent is around."""

        def lose_a_loop() -> None:
            held = orchestrace.iterations(limit=2)
            next(held)
            cycle: list[object] = [held]
            cycle.append(cycle)

        # What is current is left alone by a collection: in a context of its own, so that no other test sees it.
        copy_context().run(lose_a_loop)
        gc.collect()

        assert ["iteration 1"] == [span.name for span in orchestrace_spans]


class TestStopReason:
    def test_accepted_when_every_evaluator_passed(self, orchestrace_spans: Spans) -> None:
        """The iteration is named."""
        with orchestrace.agent(name="A"):
            for turn in orchestrace.iterations(limit=3):
                if tone(passed=turn.index == 2).passed:
                    break

        assert {"iterations": 2, "accepted": True, "stop_reason": "accepted", "accepted_iteration": 2} == outcome(
            orchestrace_spans
        )

    def test_limit_when_no_draft_was_good_enough(self, orchestrace_spans: Spans) -> None:
        """The run is not accepted."""
        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=2):
                tone(passed=False)

        assert {"iterations": 2, "accepted": False, "stop_reason": "limit"} == outcome(orchestrace_spans)

    def test_stopped_when_the_loop_was_left(self, orchestrace_spans: Spans) -> None:
        """With the reason, where one was given."""
        with orchestrace.agent(name="A"):
            for turn in orchestrace.iterations(limit=2):
                tone(passed=False)
                turn.stop("budget")
                break

        assert {"iterations": 1, "accepted": False, "stop_reason": "stopped", "stop_detail": "budget"} == outcome(
            orchestrace_spans
        )

    def test_taken_whatever_evaluators_said(self, orchestrace_spans: Spans) -> None:
        """`accept` has the last word, and the draft is recorded."""
        with orchestrace.agent(name="A"):
            for turn in orchestrace.iterations(limit=2):
                tone(passed=False)
                turn.accept("the draft")
                break

        assert "accepted" == outcome(orchestrace_spans)["stop_reason"]
        assert "the draft" == orchestrace_spans.attributes("iteration 1")["output.value"]

    def test_one_evaluator_that_did_not_pass_is_enough(self, orchestrace_spans: Spans) -> None:
        """All evaluators of an iteration have to pass."""
        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=1):
                tone(passed=True)
                tone(passed=False)

        assert "limit" == outcome(orchestrace_spans)["stop_reason"]

    def test_an_evaluator_inside_another_has_no_vote(self, orchestrace_spans: Spans) -> None:
        """The outer one sums up."""

        @orchestrace.evaluator
        def panel() -> bool:
            tone(passed=False)
            return True

        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=1):
                panel()

        assert "accepted" == outcome(orchestrace_spans)["stop_reason"]

    @pytest.mark.parametrize(("error", "reason"), [(ValueError, "error"), (KeyboardInterrupt, "cancelled")])
    def test_what_came_out_of_the_run(self, orchestrace_spans: Spans, error: type[BaseException], reason: str) -> None:
        """An exception is why it went no further; the iteration it came from ended so, too."""

        @orchestrace.agent(name="A")
        def craft() -> None:
            for _ in orchestrace.iterations(limit=2):
                with orchestrace.generator(name="draft"):
                    raise error

        with pytest.raises(error):
            craft()

        assert {"iterations": 1, "accepted": False, "stop_reason": reason} == outcome(orchestrace_spans)
        assert reason == orchestrace_spans.attributes("iteration 1")["orchestrace.ending"]

    def test_an_error_that_was_handled_is_none_of_the_iterations(self, orchestrace_spans: Spans) -> None:
        """A loop that is left after a caught error was left, and that is all."""
        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=2):
                try:
                    fail()
                except ValueError:
                    break

        assert "returned" == orchestrace_spans.attributes("iteration 1")["orchestrace.ending"]
        assert "UNSET" == orchestrace_spans.one("iteration 1").status

    def test_returned_where_nobody_judged(self, orchestrace_spans: Spans) -> None:
        """A run without iterations or verdicts simply returns."""
        with orchestrace.agent(name="A"):
            pass

        assert {"stop_reason": "returned"} == outcome(orchestrace_spans)


class TestInferred:
    def test_what_is_around_a_loop_is_no_iteration(self, orchestrace_spans: Spans) -> None:
        """A plan that is generated first, and a last check, leave the turns of the loop as they count."""
        with orchestrace.agent(name="A"):
            with orchestrace.generator(name="plan"):
                pass
            for turn in orchestrace.iterations(limit=2):
                tone(passed=turn.index == 2)
            with orchestrace.evaluator(name="last"):
                pass

        assert {"iterations": 2, "accepted": True, "stop_reason": "accepted", "accepted_iteration": 2} == outcome(
            orchestrace_spans
        )
        assert [1, 2] == [
            orchestrace_spans.attributes(f"iteration {one}")["orchestrace.iteration.index"] for one in (1, 2)
        ]
        assert "orchestrace.iteration.index" not in orchestrace_spans.attributes("evaluate last")

    def test_a_generator_after_an_evaluator_begins_the_next(self, orchestrace_spans: Spans) -> None:
        """Without `iterations()` the index is inferred, said to be so, and there is no span of its own."""
        with orchestrace.agent(name="A"):
            for passed in (False, True):
                with orchestrace.generator(name="draft"):
                    pass
                tone(passed=passed)

        assert (
            "invoke_agent A\n"
            "  generate draft orchestrace.iteration.index=1 orchestrace.iteration.inferred=true\n"
            "  evaluate tone orchestrace.iteration.index=1 orchestrace.iteration.inferred=true\n"
            "  generate draft orchestrace.iteration.index=2 orchestrace.iteration.inferred=true\n"
            "  evaluate tone orchestrace.iteration.index=2 orchestrace.iteration.inferred=true"
        ) == orchestrace_spans.tree("orchestrace.iteration.index", "orchestrace.iteration.inferred")
        assert {"iterations": 2, "accepted": True, "stop_reason": "accepted", "accepted_iteration": 2} == outcome(
            orchestrace_spans
        )

    def test_never_while_a_sibling_is_open(self, orchestrace_spans: Spans) -> None:
        """An evaluator that generates something is still in its own iteration."""
        with orchestrace.agent(name="A"):
            with orchestrace.generator(name="draft"):
                pass
            tone(passed=False)
            with orchestrace.evaluator(name="outer"), orchestrace.generator(name="inner"):
                pass

        assert 1 == orchestrace_spans.attributes("generate inner")["orchestrace.iteration.index"]

    @pytest.mark.parametrize(("starts", "index"), [(True, 2), (False, 1)])
    def test_a_generator_can_say_so(self, orchestrace_spans: Spans, *, starts: bool, index: int) -> None:
        """`starts_iteration` decides, whatever ran before."""
        with orchestrace.agent(name="A"):
            with orchestrace.generator(name="one"):
                pass
            if not starts:
                tone(passed=False)
            with orchestrace.generator(name="two", starts_iteration=starts):
                pass

        assert index == orchestrace_spans.attributes("generate two")["orchestrace.iteration.index"]
