from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import orchestrace
from orchestrace import Evaluation
from orchestrace.recording import content, lineage
from orchestrace.recording.roles.judging import judge, verdict_attributes
from orchestrace.testing import Spans

if TYPE_CHECKING:
    from tests.recording.conftest import Heard


class TestVerdictAttributes:
    def test_what_is_not_said_is_absent(self) -> None:
        """No None, no 0."""
        assert {"orchestrace.evaluation.passed": False} == verdict_attributes(Evaluation(passed=False), content=True)

    def test_feedback_is_content_and_masked(self) -> None:
        """A key in it does not get through."""
        verdict = Evaluation(feedback="use sk-" + "proj-0aB1cD2eF3gH4iJ5kL6mN7oP8qR9")

        assert {} == verdict_attributes(verdict, content=False)
        assert {"gen_ai.evaluation.explanation": "use [masked:openai-key]"} == verdict_attributes(verdict, content=True)


class TestJudge:
    def test_nothing_found_says_nothing(self, orchestrace_spans: Spans) -> None:
        """No event, no attribute."""
        with orchestrace.tool(name="t"):
            inside = lineage.current()
            assert inside is not None
            judge(inside, [])

        assert [] == orchestrace_spans.one("execute_tool t").events


@orchestrace.generator
def draft(words: str) -> str:
    """Draft."""
    return words


@orchestrace.evaluator(name="tone")
def tone(words: str) -> Evaluation:
    """Judge."""
    return Evaluation(0.4, passed=False, feedback=f"not {words}")


class TestEvent:
    def test_stands_with_the_draft_that_was_judged(self, orchestrace_spans: Spans, heard: Heard) -> None:
        """In the context of the generator that ended last in the same iteration, whichever span is current."""
        with orchestrace.agent(name="A"):
            for turn in orchestrace.iterations(limit=2):
                draft("a")
                draft("b")
                tone(str(turn.index))

        drafts = [span.span_id for span in orchestrace_spans.named("generate draft")]
        judged = [f"{record.span_id:016x}" for record in heard.events("gen_ai.evaluation.result")]
        assert [drafts[1], drafts[3]] == judged

    def test_says_what_the_evaluator_s_span_says(self, orchestrace_spans: Spans, heard: Heard) -> None:
        """Jaeger shows that one; who reads logs has this one, and learns from it who judged."""
        tone("b")

        [record] = heard.events("gen_ai.evaluation.result")
        span = orchestrace_spans.one("evaluate tone")
        judge = {"orchestrace.evaluator.name": "tone", "orchestrace.evaluator.kind": "code"}
        assert [dict(record.attributes)] == [{**judge, **event.attributes} for event in span.events]

    def test_names_who_judged_and_by_what(self, orchestrace_spans: Spans, heard: Heard) -> None:
        """Name, version, kind, and the hash of the rubric, whose words stand on the evaluator's span alone."""
        with orchestrace.evaluator(name="taste", version="2", kind="human", rubric="Is it good?"):
            pass
        judged = orchestrace.evaluator(name="taste", version="2", kind="human", rubric="Is it good?")(lambda: True)
        judged()

        [record] = heard.events("gen_ai.evaluation.result")
        said = dict(record.attributes)
        digest = orchestrace_spans.named("evaluate taste")[0].attributes["orchestrace.evaluator.rubric_hash"]
        assert {
            "orchestrace.evaluator.name": "taste",
            "orchestrace.evaluator.version": "2",
            "orchestrace.evaluator.kind": "human",
            "orchestrace.evaluator.rubric_hash": digest,
        }.items() <= said.items()
        assert "Is it good?" not in said.values()

    def test_of_several_drafts_it_is_the_one_that_was_given(self, orchestrace_spans: Spans, heard: Heard) -> None:
        """Best of n: each verdict stands with the draft that was judged, whichever ended last."""
        with orchestrace.agent(name="A"):
            for _ in orchestrace.iterations(limit=1):
                subject, _body = draft("subject"), draft("body")
                tone(subject)

        first, _second = orchestrace_spans.named("generate draft")
        [record] = heard.events("gen_ai.evaluation.result")
        assert first.span_id == f"{record.span_id:016x}"

    def test_without_a_draft_it_stands_with_whatever_asked(self, orchestrace_spans: Spans, heard: Heard) -> None:
        """The run, or the evaluator itself where there is none."""
        with orchestrace.agent(name="A"):
            tone("a")
        tone("b")

        asking = [orchestrace_spans.one("invoke_agent A"), orchestrace_spans.named("evaluate tone")[1]]
        judged = [f"{record.span_id:016x}" for record in heard.events("gen_ai.evaluation.result")]
        assert [span.span_id for span in asking] == judged

    def test_a_verdict_by_hand_is_about_what_runs(self, orchestrace_spans: Spans, heard: Heard) -> None:
        """`current().evaluation(…)` inside of a generator judges that generator."""
        with orchestrace.agent(name="A"), orchestrace.generator(name="g"):
            orchestrace.current().evaluation(1.0)

        [record] = heard.events("gen_ai.evaluation.result")
        assert orchestrace_spans.one("generate g").span_id == f"{record.span_id:016x}"

    def test_feedback_is_content(self, orchestrace_spans: Spans, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where events may have none, the event has none."""
        monkeypatch.setenv(content.VARIABLE, "span_only")

        tone("b")

        [record] = heard.events("gen_ai.evaluation.result")
        assert {
            "gen_ai.evaluation.name",
            "gen_ai.evaluation.score.value",
            "orchestrace.evaluation.passed",
            "orchestrace.evaluator.kind",
            "orchestrace.evaluator.name",
        } == set(record.attributes)
