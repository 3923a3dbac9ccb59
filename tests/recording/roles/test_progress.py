from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace import Evaluation
from orchestrace.recording.roles.progress import Progress, Round


class TestRound:
    @pytest.mark.parametrize(
        ("passed", "taken", "accepted"),
        [
            ([], False, None),
            ([None], False, None),
            ([True], False, True),
            ([True, False], False, False),
            ([False], True, True),
        ],
    )
    def test_accepted(self, *, passed: list[bool | None], taken: bool, accepted: bool | None) -> None:
        """Taken, or passed by all who said so or not; None where nobody did."""
        turn = Round(1)
        turn.taken = taken
        turn.verdicts += [Evaluation(passed=one) for one in passed]

        assert accepted is turn.accepted

    def test_its_score_is_the_average_of_those_that_were_given(self) -> None:
        """Whoever gave none is not asked; without any there is none."""
        turn = Round(1)
        turn.verdicts += [Evaluation(0.2), Evaluation(passed=True), Evaluation(0.4)]

        assert (pytest.approx(0.3), None) == (turn.score, Round(1).score)

    def test_its_feedback_names_whom_it_is_from_where_there_are_several(self) -> None:
        """One alone is quoted as it is."""
        turn = Round(1)
        turn.verdicts += [Evaluation(feedback="shorter", name="length"), Evaluation(feedback=""), Evaluation(0.5)]
        alone = turn.feedback
        turn.verdicts.append(Evaluation(feedback="kinder"))

        assert ("shorter", "length: shorter\nkinder", None) == (alone, turn.feedback, Round(1).feedback)


class TestProgress:
    @given(st.lists(st.sampled_from(["generate", "evaluate"])))
    def test_an_iteration_is_a_generator_after_an_evaluator(self, roles: list[str]) -> None:
        """Of roles one after the other; the first of all begins the first iteration."""
        progress, expected, evaluated = Progress(), 0, True
        for role in roles:
            if not expected or (role == "generate" and evaluated):
                expected, evaluated = expected + 1, False
            turn = progress.open_role(generates=role == "generate", starts=None)
            progress.close_role(evaluates=role == "evaluate")
            evaluated = evaluated or role == "evaluate"
            assert expected == turn.index

        assert expected == progress.count

    def test_the_last_accepted_iteration_is_remembered(self) -> None:
        """Also when the run goes on after it."""
        progress = Progress()
        progress.turn().taken = True
        progress.turn()

        assert (1, (None, None)) == (progress.accepted_index, progress.outcome())
