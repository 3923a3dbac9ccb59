from __future__ import annotations

from orchestrace import Evaluation
from orchestrace.messages import Usage
from orchestrace.recording.roles.progress import Round
from orchestrace.recording.roles.summary import summary
from orchestrace.recording.usage import Totals, Used


def judged(*verdicts: Evaluation) -> Round:
    """Return an iteration with verdicts."""
    turn = Round(1)
    turn.verdicts += verdicts
    return turn


class TestSummary:
    def test_verdicts_and_tokens(self) -> None:
        """The score, else the label, else whether it passed; feedback in quotes; tokens with separators."""
        totals = Totals()
        totals.add(Used(Usage(4000, 211)))
        turn = judged(
            Evaluation(0.4, feedback="too\nformal", name="tone"),
            Evaluation(label="ok", name="facts"),
            Evaluation(passed=False),
        )

        assert "3 iterations, limit; tone 0.4 'too formal', facts ok, failed; 4,211 tokens" == summary(
            "3 iterations, limit", turn, totals, content=True
        )

    def test_feedback_is_content(self) -> None:
        """It is left out where content is."""
        assert "tone 0.4" == summary(None, judged(Evaluation(0.4, feedback="x", name="tone")), Totals(), content=False)

    def test_many_verdicts_are_counted(self) -> None:
        """Four are shown."""
        turn = judged(*(Evaluation(score=float(number)) for number in range(6)))

        assert "0, 1, 2, 3, 2 more verdicts" == summary(None, turn, Totals(), content=True)

    def test_long_feedback_is_cut(self) -> None:
        """One line stays one line."""
        assert len(summary(None, judged(Evaluation(feedback="x" * 500)), Totals(), content=True)) < 100
