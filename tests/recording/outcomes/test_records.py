from __future__ import annotations

from orchestrace.recording.outcomes.records import NOTHING
from orchestrace.recording.outcomes.statement import state


class TestNothing:
    def test_knows_nothing(self) -> None:
        """Of no run and no outcome."""
        asked = [
            NOTHING.run("a", "b"),
            NOTHING.latest("k", None, 0),
            NOTHING.outcome("a", "b"),
            NOTHING.last("a", None, state("n", key="k")),
        ]

        assert [None] * 4 == asked
