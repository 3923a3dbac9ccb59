from __future__ import annotations

import orchestrace
from orchestrace import Evaluation
from orchestrace.recording import lineage
from orchestrace.recording.roles.judging import judge, verdict_attributes
from orchestrace.testing import Spans


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
