from __future__ import annotations

from collections.abc import Callable

from orchestrace import conventions as names
from orchestrace.cli.page.run import Run, run_of
from orchestrace.cli.story import stories
from orchestrace.records import SpanRecord
from orchestrace.span_tree import branches

Make = Callable[..., SpanRecord]


def shown(*spans: SpanRecord) -> list[Run]:
    """Return the runs of some spans."""
    return [run_of(told, {id(span): number for number, span in enumerate(spans)}) for told in stories(branches(spans))]


class TestRun:
    def test_has_the_most_important_first(self, story: list[SpanRecord]) -> None:
        """What went wrong stands before the drafts, the rest after them."""
        (run,) = shown(*story)

        assert ["started", "key", "tags", "summary", "error"] == [str(field.label) for field in run.lead]
        assert "config" in [str(field.label) for field in run.about]
        assert ("SourcingEmailCrafterAgent", "1.4") == (str(run.name), str(run.version))

    def test_says_which_variant_and_what_came_of_it(self, make: Make) -> None:
        """Before the drafts; yes is said as everywhere."""
        top = make({names.ROLE: "agent", f"{names.EXPERIMENT_PREFIX}opening": "fact"}, "invoke_agent A")
        replied = {names.ROLE: "outcome", names.OUTCOME_NAME: "replied", names.OUTCOME_VALUE: True}
        (run,) = shown(top, make(replied, "outcome replied", parent_id=top.span_id))

        assert ["opening: fact", "replied true"] == [
            str(field.raw) for field in run.lead if str(field.label) in {"experiments", "outcomes"}
        ]
        assert ["replied", "true"] == [str(field.raw) for field in run.outcomes[0]]

    def test_a_score_beyond_one_has_no_meter(self, make: Make) -> None:
        """Nobody knows how much is all; several verdicts of one evaluator are told apart by their names."""
        top = make({names.ROLE: "agent"}, "invoke_agent A")
        found = '[{"name": "tone", "score": 7.5}, {"name": "length", "score": 0.25, "feedback": "long"}]'
        judged = {names.ROLE: "evaluator", names.EVALUATOR_NAME: "jury", names.EVALUATIONS: found}
        (run,) = shown(top, make(judged, "evaluate jury", parent_id=top.span_id))

        assert [("jury: tone", None), ("jury: length", 250)] == [
            (str(one.by), one.meter) for one in run.columns[0].judgements
        ]

    def test_an_iteration_without_a_span_says_whether_it_was_accepted(self, make: Make) -> None:
        """The run knows it."""
        top = make({names.ROLE: "agent", names.ACCEPTED_ITERATION: 1}, "invoke_agent A")
        said = {names.ROLE: "generator", names.ITERATION_INDEX: 1, names.ITERATION_INFERRED: True}
        (run,) = shown(top, make(said, "generate", parent_id=top.span_id))

        assert [("Iteration 1", ["accepted"])] == [
            (column.title, [str(word.text) for word in column.words]) for column in run.columns
        ]
