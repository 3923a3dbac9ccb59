from __future__ import annotations

from collections.abc import Callable

from orchestrace import conventions as names
from orchestrace.cli.page.view import page_view
from orchestrace.records import SpanRecord

Make = Callable[..., SpanRecord]


class TestPageView:
    def test_tells_the_story(self, story: list[SpanRecord]) -> None:
        """One run: what went wrong comes first, then two columns, each with its draft and what was said of it."""
        view = page_view(story)
        (run,) = view.runs
        first, second = run.columns

        assert "invoke_agent SourcingEmailCrafterAgent" == view.title
        assert ["started", "key", "tags", "summary", "error"] == [str(field.label) for field in run.lead]
        assert "input" in [str(field.label) for field in run.about]
        assert [("0.4 failed", 400), ("error", None)] == [
            (str(one.words.text), one.meter) for column in run.columns for one in column.judgements
        ]
        assert ["raw", "raw"] == [column.drafts[0][0].shown for column in (first, second)]
        assert second.drafts[0][0].changes is not None

    def test_has_every_span_once(self, story: list[SpanRecord]) -> None:
        """In the order in which a reader meets them, with its place in the tree."""
        entries = page_view(story).entries

        assert list(range(1, len(story) + 1)) == [entry.number for entry in entries]
        assert [0, 1, 1, 2, 3, 2, 3] == [entry.depth for entry in entries[:7]]

    def test_spans_of_others_stand_under_their_parents(self, make: Make) -> None:
        """With whatever they say."""
        top = make({names.ROLE: "agent"}, "invoke_agent A")
        other = make({"db.statement": "SELECT 1"}, "SELECT", parent_id=top.span_id, scope="db", start=1)
        lost = make({}, "lost", parent_id="f" * 16, start=2)
        entries = page_view([lost, other, top]).entries

        assert [("invoke_agent A", 0), ("SELECT", 1), ("lost", 0)] == [(str(one.name), one.depth) for one in entries]
        assert "db.statement: SELECT 1" in [str(field.raw) for field in entries[1].fields]

    def test_a_rewritten_draft_is_shown_before_its_changes(self, make: Make) -> None:
        """Where hardly a word stayed, the draft itself says more."""
        top = make({names.ROLE: "agent"}, "invoke_agent A")
        spans = [top]
        for index, text in enumerate(["one two three four", "one two tree four", "all else"], 1):
            turn = make({names.ROLE: "iteration", names.ITERATION_INDEX: index}, parent_id=top.span_id, start=index)
            said = {names.ROLE: "generator", names.OUTPUT_VALUE: text}
            spans += [turn, make(said, "generate", parent_id=turn.span_id, start=index)]
        (run,) = page_view(spans).runs

        assert ["raw", "changes", "raw"] == [column.drafts[0][0].shown for column in run.columns]

    def test_a_draft_without_words_says_so(self, make: Make) -> None:
        """Content was off, or it failed."""
        top = make({names.ROLE: "agent"}, "invoke_agent A")
        draft = make({names.ROLE: "generator"}, "generate", parent_id=top.span_id, status="ERROR")
        (run,) = page_view([top, draft]).runs

        assert "nothing was recorded (error, 1.0 s)" == str(run.columns[0].drafts[0][0].raw)

    def test_outcomes_are_listed(self, make: Make) -> None:
        """With whatever they say."""
        top = make({names.ROLE: "agent"}, "invoke_agent A")
        said = {
            names.OUTCOME_PREFIX + "name": "replied",
            names.OUTCOME_PREFIX + "value": True,
            names.EVALUATION_SCORE: 1.0,
        }
        (run,) = page_view([top, make(said, "outcome replied", parent_id=top.span_id)]).runs

        assert [[("name", "replied"), ("value", "true"), ("score", "1")]] == [
            [(str(field.label), str(field.raw)) for field in outcome] for outcome in run.outcomes
        ]

    def test_two_agents_are_two_runs(self, make: Make) -> None:
        """Side by side or one in the other."""
        one, two = make({names.ROLE: "agent"}, "one"), make({names.ROLE: "workflow"}, "two", start=1)
        inner = make({names.ROLE: "agent"}, "inner", parent_id=two.span_id, start=2)

        assert ["one", "two", "inner"] == [str(run.name) for run in page_view([one, two, inner]).runs]

    def test_long_texts_are_folded(self, make: Make) -> None:
        """With their beginning and their size."""
        (entry,) = page_view([make({"a": "b" * 60_000})]).entries
        field = next(field for field in entry.fields if str(field.label) == "attributes")

        assert (60_003, "a: bbb") == (field.size, str(field.beginning)[:6])
