from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrace import conventions as names
from orchestrace.cli.verdict import Verdict, verdicts_of
from orchestrace.records import EventRecord, SpanRecord

Make = Callable[..., SpanRecord]
RESULT = "gen_ai.evaluation.result"


class TestVerdictsOf:
    def test_events_know_each_one(self, make: Make) -> None:
        """Two verdicts on one span leave one set of attributes: that of the last."""
        events = [EventRecord(RESULT, 0, {names.EVALUATION_NAME: name}) for name in ("tone", "facts")]
        span = make({names.EVALUATION_NAME: "facts"}, events=[*events, EventRecord("other", 0)])

        assert [Verdict("tone"), Verdict("facts")] == verdicts_of(span)

    def test_attributes_are_read_where_there_is_no_event(self, make: Make) -> None:
        """Somebody may have stripped the events."""
        said = {
            names.EVALUATION_NAME: "tone",
            names.EVALUATION_SCORE: 0.4,
            names.EVALUATION_LABEL: "stiff",
            names.EVALUATION_PASSED: False,
            names.EVALUATION_EXPLANATION: "too formal",
        }

        assert [Verdict("tone", 0.4, "stiff", passed=False, feedback="too formal")] == verdicts_of(make(said))

    def test_several_in_one_attribute(self, make: Make) -> None:
        """An evaluator that gave several wrote a list; what is malformed in it says nothing."""
        span = make({names.EVALUATIONS: '[{"name":"tone","passed":true},{"score":"high"},7]'})

        assert [Verdict("tone", passed=True), Verdict()] == verdicts_of(span)

    @pytest.mark.parametrize("name", [None, names.EVALUATION_NAME])
    def test_a_name_alone_is_no_verdict(self, make: Make, name: str | None) -> None:
        """An evaluator that said nothing, and any other span, has none."""
        assert [] == verdicts_of(make({name: "tone"} if name else {}))


class TestWords:
    @pytest.mark.parametrize(
        ("verdict", "expected", "style"),
        [
            (Verdict(score=0.4, passed=False), "0.4 failed", "red"),
            (Verdict(score=1.0, label="good", passed=True), "1 good passed", "green"),
            (Verdict(label="fine"), "fine", ""),
            (Verdict(), "", ""),
        ],
    )
    def test_say_how_good_it_is(self, verdict: Verdict, expected: str, style: str) -> None:
        """Score, label and whether it passed, in the colour of the latter."""
        words = verdict.words()

        assert (expected, style) == (words.plain, words.style)
