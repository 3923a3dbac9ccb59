from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrace import conventions as names
from orchestrace.cli.story import RunStory, earlier_drafts, stories
from orchestrace.records import SpanRecord
from orchestrace.span_tree import branches

Make = Callable[..., SpanRecord]
SAYS = '[{"role":"assistant","parts":[{"type":"text","content":"%s"}]}]'


def told(*spans: SpanRecord) -> list[RunStory]:
    """Return the runs among spans; they start one after the other."""
    for start, span in enumerate(spans):
        span.start = start
    return stories(branches(spans))


def agent(make: Make, **fields: object) -> SpanRecord:
    """Return an agent's span."""
    return make({names.ROLE: "agent"}, "invoke_agent A", **fields)


def iteration(make: Make, run: SpanRecord, index: int, **said: object) -> SpanRecord:
    """Return an iteration's span."""
    attributes = {names.ROLE: "iteration", names.ITERATION_INDEX: index, **said}
    return make(attributes, f"iteration {index}", parent_id=run.span_id)


def draft(make: Make, above: SpanRecord, text: str, name: str = "generate draft", **said: object) -> SpanRecord:
    """Return a generator's span."""
    return make({names.ROLE: "generator", names.OUTPUT_VALUE: text, **said}, name, parent_id=above.span_id)


def texts(run: RunStory) -> list[tuple[int | None, list[tuple[str | None, str | None]]]]:
    """Return of each turn its drafts, each with the one before."""
    return [
        (turn.index, [(one.text, one.earlier.text if one.earlier else None) for one in turn.drafts])
        for turn in run.turns
    ]


class TestStory:
    def test_is_that_of_the_run(self, story: list[SpanRecord]) -> None:
        """Two iterations, each with its draft and what was said of it; the evaluator that failed said nothing."""
        (run,) = stories(branches(story))
        first, second = run.turns

        assert [1, 2] == [first.index, second.index]
        assert [(False, ["Too formal: use the first name."]), (None, [])] == [
            (turn.accepted, [one.feedback for judged in turn.verdicts for one in judged.found]) for turn in run.turns
        ]
        assert [("Liebe", first.drafts[0].text)] == [
            (one.text, one.earlier.text if one.earlier else None) for one in second.drafts
        ]

    def test_drafts_are_compared_by_generator(self, make: Make) -> None:
        """The second of two with one name with the second of the turn before; a new one with none."""
        run = agent(make)
        one, two = iteration(make, run, 1), iteration(make, run, 2)
        spans = [
            draft(make, one, "subject 1", "generate subject"),
            draft(make, one, "a 1"),
            draft(make, one, "b 1"),
            draft(make, two, "a 2"),
            draft(make, two, "b 2"),
            draft(make, two, "new", "generate greeting"),
        ]

        assert [
            (1, [("subject 1", None), ("a 1", None), ("b 1", None)]),
            (2, [("a 2", "a 1"), ("b 2", "b 1"), ("new", None)]),
        ] == texts(told(run, one, two, *spans)[0])

    def test_iterations_without_spans_are_known_by_their_index(self, make: Make) -> None:
        """A loop that was written by hand; the run knows which was accepted."""
        run = agent(make)
        run.attributes[names.ACCEPTED_ITERATION] = 2
        inferred = [
            draft(make, run, text, **{names.ITERATION_INDEX: index, names.ITERATION_INFERRED: True})
            for index, text in [(1, "a"), (2, "b")]
        ]
        (found,) = told(run, *inferred)

        assert [(1, [("a", None)]), (2, [("b", "a")])] == texts(found)
        assert [False, True] == [turn.accepted for turn in found.turns]

    def test_without_iterations_there_is_one_turn(self, make: Make) -> None:
        """What was drafted and judged."""
        run = agent(make)
        judge = make({names.ROLE: "evaluator", names.EVALUATION_PASSED: True}, "evaluate x", parent_id=run.span_id)
        (found,) = told(run, draft(make, run, "a"), judge)

        assert [(None, [("a", None)])] == texts(found)
        assert [[True]] == [[one.passed for one in judged.found] for judged in found.turns[0].verdicts]

    def test_a_run_that_only_asks_has_no_turns(self, make: Make) -> None:
        """A question is no draft."""
        run = agent(make)
        call = make({names.OPERATION_NAME: "chat", names.OUTPUT_MESSAGES: SAYS % "hi"}, "chat", parent_id=run.span_id)

        assert [[]] == [found.turns for found in told(run, call)]

    @pytest.mark.parametrize("other", [True, False])
    def test_where_nobody_generates_others_draft(self, make: Make, *, other: bool) -> None:
        """An agent inside, else a model's answer; also one that another library recorded, deep inside."""
        run = agent(make)
        turn = iteration(make, run, 1)
        between = make({}, "step", parent_id=turn.span_id)
        call = make(
            {names.OPERATION_NAME: "chat", names.OUTPUT_MESSAGES: SAYS % "of a model"},
            "chat",
            parent_id=between.span_id,
        )
        inner = agent(make, parent_id=turn.span_id)
        inner.attributes[names.OUTPUT_VALUE] = "of an agent"
        found = told(run, turn, between, call, *([inner] if other else []))

        assert [(1, [("of an agent" if other else "of a model", None)])] == texts(found[0])

    def test_an_iteration_may_say_its_draft_itself(self, make: Make) -> None:
        """Where nothing inside of it does; iterations are not called alike, and are compared all the same."""
        run = agent(make)
        turns = [iteration(make, run, index, **{names.OUTPUT_VALUE: text}) for index, text in [(1, "a"), (2, "b")]]

        assert [(1, [("a", None)]), (2, [("b", "a")])] == texts(told(run, *turns)[0])

    def test_agents_inside_tell_their_own(self, make: Make) -> None:
        """What they drafted is not the draft of the one around them."""
        run = agent(make)
        turn = iteration(make, run, 1)
        inner = agent(make, parent_id=turn.span_id)
        inside = iteration(make, inner, 1)
        outer, nested = told(run, turn, inner, inside, draft(make, inside, "inner"), draft(make, turn, "outer"))

        assert ([(1, [("outer", None)])], [(1, [("inner", None)])]) == (texts(outer), texts(nested))

    def test_outcomes_stand_at_the_end(self, make: Make) -> None:
        """What came of the run, in the order in which it came."""
        run = agent(make)
        spans = [make({names.OUTCOME_PREFIX + "name": "replied"}, "outcome replied", parent_id=run.span_id)]
        (found,) = told(run, *spans)

        assert (spans, []) == (found.outcomes, found.turns)

    def test_a_draft_may_be_missing(self, make: Make) -> None:
        """It failed, or content is off; the one after it has nothing to be compared with."""
        run = agent(make)
        one, two = iteration(make, run, 1), iteration(make, run, 2)
        empty = make({names.ROLE: "generator"}, "generate draft", parent_id=one.span_id)
        found = told(run, one, two, empty, draft(make, two, "b"))

        assert [(1, [(None, None)]), (2, [("b", None)])] == texts(found[0])
        assert {} == earlier_drafts(found)

    def test_nothing_is_nothing(self) -> None:
        """No spans, no runs."""
        assert [] == stories([])
