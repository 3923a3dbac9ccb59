from __future__ import annotations

from collections.abc import Iterator

import pytest

import orchestrace
from orchestrace import Evaluation, Prompt
from orchestrace.exceptions import UsageError
from orchestrace.testing import Spans


class TestEvaluator:
    def test_its_result_is_a_verdict(self, orchestrace_spans: Spans) -> None:
        """Score, label, feedback and whether it passed; the name is the evaluator's; code gave it."""

        @orchestrace.evaluator(version="2")
        def tone() -> Evaluation:
            return Evaluation(0.4, "formal", passed=False, feedback="too formal")

        tone()

        assert {
            "gen_ai.evaluation.name": "tone",
            "gen_ai.evaluation.score.value": 0.4,
            "gen_ai.evaluation.score.label": "formal",
            "orchestrace.evaluation.passed": False,
            "gen_ai.evaluation.explanation": "too formal",
            "orchestrace.evaluator.name": "tone",
            "orchestrace.evaluator.version": "2",
            "orchestrace.evaluator.kind": "code",
            "openinference.span.kind": "EVALUATOR",
        }.items() <= orchestrace_spans.attributes("evaluate tone").items()

    def test_a_model_that_was_asked_makes_it_a_model(self, orchestrace_spans: Spans) -> None:
        """Unless it is said who judges."""
        for name, kind in (("asked", None), ("said", "human")):
            with orchestrace.evaluator(name=name, kind=kind), orchestrace.llm_call(model="m"):
                pass
        kinds = [
            orchestrace_spans.attributes(f"evaluate {name}")["orchestrace.evaluator.kind"] for name in ("asked", "said")
        ]

        assert ["llm", "human"] == kinds

    def test_several_verdicts_of_one_call(self, orchestrace_spans: Spans) -> None:
        """One event each; together they passed if all did."""

        @orchestrace.evaluator
        def panel() -> dict[str, bool]:
            return {"tone": True, "facts": False}

        panel()
        span = orchestrace_spans.one("evaluate panel")

        assert [("gen_ai.evaluation.result", "tone", True), ("gen_ai.evaluation.result", "facts", False)] == [
            (one.name, one.attributes["gen_ai.evaluation.name"], one.attributes["orchestrace.evaluation.passed"])
            for one in span.events
        ]
        assert span.attributes["orchestrace.evaluation.passed"] is False

    def test_an_error_is_no_verdict(self, orchestrace_spans: Spans) -> None:
        """Nothing is invented."""

        @orchestrace.evaluator
        def tone() -> bool:
            raise KeyError

        with pytest.raises(KeyError):
            tone()

        assert "orchestrace.evaluation.passed" not in orchestrace_spans.attributes("evaluate tone")

    def test_its_items_are_folded_once(self, orchestrace_spans: Spans) -> None:
        """`reduce` is the program's: what it makes of a stream is the output, and the verdict."""
        calls: list[list[object]] = []

        def reduce(items: list[object]) -> object:
            calls.append(items)
            return items[-1]

        @orchestrace.evaluator(reduce=reduce)
        def tone() -> Iterator[float]:
            yield 0.1
            yield 0.9

        list(tone())
        attributes = orchestrace_spans.attributes("evaluate tone")

        assert [[0.1, 0.9]] == calls
        assert (0.9, "0.9") == (attributes["gen_ai.evaluation.score.value"], attributes["output.value"])


class TestRubric:
    @pytest.mark.parametrize(
        ("rubric", "words"),
        [
            ("Is it polite?", "Is it polite?"),
            (Prompt("judge/tone", "Judge {text}."), "Judge {text}."),
            ({"polite": 1, "short": 2}, '{"polite":1,"short":2}'),
        ],
        ids=["text", "prompt", "data"],
    )
    def test_stands_on_its_span_with_a_hash(self, rubric: object, words: str, orchestrace_spans: Spans) -> None:
        """Another rubric has another; without content the hash alone."""
        for said in (rubric, "another"):
            orchestrace.evaluator(name="j", rubric=said)(lambda: True)()
        with orchestrace.content("off"):
            orchestrace.evaluator(name="j", rubric=rubric)(lambda: True)()

        first, other, bare = (span.attributes for span in orchestrace_spans.named("evaluate j"))
        assert words == first["orchestrace.evaluator.rubric"]
        assert first["orchestrace.evaluator.rubric_hash"] != other["orchestrace.evaluator.rubric_hash"]
        assert first["orchestrace.evaluator.rubric_hash"] == bare["orchestrace.evaluator.rubric_hash"]
        assert "orchestrace.evaluator.rubric" not in bare

    @pytest.mark.parametrize("rubric", [3, len, object()])
    def test_what_cannot_be_one_is_an_error(self, rubric: object) -> None:
        """Where the decorator stands."""
        with pytest.raises(UsageError, match="rubric is a text, a Prompt, or data"):
            orchestrace.evaluator(rubric=rubric)
