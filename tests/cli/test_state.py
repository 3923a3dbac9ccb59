from __future__ import annotations

import pytest

from orchestrace.cli.state import state


class TestState:
    @pytest.mark.parametrize(
        ("ended", "ending", "status", "stop_reason", "expected"),
        [
            (True, "returned", "UNSET", "accepted", "accepted"),
            (True, "returned", "UNSET", "limit", "limit"),
            (True, "error", "ERROR", "error", "error"),
            (True, None, "ERROR", None, "error"),
            (True, "cancelled", "UNSET", "cancelled", "cancelled"),
            (True, "abandoned", "UNSET", "stopped", "abandoned"),
            (False, "running", "UNSET", None, "running"),
            (False, None, "UNSET", None, "running"),
            (False, "interrupted", "UNSET", None, "interrupted"),
        ],
    )
    def test_is_the_word_that_matters_most(
        self, *, ended: bool, ending: str | None, status: str, stop_reason: str | None, expected: str
    ) -> None:
        """Not having ended comes before an error, an error before why a loop stopped."""
        said = state(ended=ended, ending=ending, status=status, stop_reason=stop_reason)

        assert expected == str(said)

    @pytest.mark.parametrize("ending", [None, "returned", "drained"])
    def test_what_went_well_has_none(self, ending: str | None) -> None:
        """A normal end is no news."""
        assert state(ended=True, ending=ending, status="UNSET") is None

    def test_errors_stand_out(self) -> None:
        """What is to be looked at is red."""
        said = state(ended=True, ending="error", status="ERROR")

        assert said is not None
        assert said.style == "bold red"
