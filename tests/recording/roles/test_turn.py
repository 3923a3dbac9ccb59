from __future__ import annotations

import pytest

import orchestrace
from orchestrace.recording import lineage
from orchestrace.recording.roles.turn import round_around
from orchestrace.testing import Spans


class TestRoundAround:
    def test_is_that_of_the_loop_of_a_role_or_of_the_run(self, orchestrace_spans: Spans) -> None:
        """The innermost of them; outside of a run there is none."""
        found = [round_around(lineage.current())]
        with orchestrace.agent(name="A"):
            found.append(round_around(lineage.current()))
            with orchestrace.generator(name="g"):
                found.append(round_around(lineage.current()))
            found += [round_around(lineage.current()) for _ in orchestrace.iterations(limit=1)]

        assert [None, None, 1, 1] == [one and one.index for one in found]
        assert 3 == len(orchestrace_spans)


class TestTurnRole:
    def test_outside_of_any_run_it_belongs_to_no_iteration(self, orchestrace_spans: Spans) -> None:
        """A generator that is called alone is recorded, and has no index."""
        with orchestrace.generator(name="g"):
            pass

        assert "orchestrace.iteration.index" not in orchestrace_spans.attributes("generate g")

    def test_one_that_could_not_begin_leaves_the_run_as_it_was(
        self, orchestrace_spans: Spans, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A fault of ours in one call costs no later call its iteration."""

        @orchestrace.generator
        def draft() -> None:
            """Draft."""

        @orchestrace.evaluator
        def tone() -> bool:
            return False

        def fail(*_: object) -> None:
            raise ValueError

        with orchestrace.agent(name="A"):
            with monkeypatch.context() as broken:
                broken.setattr(lineage, "identity", fail)
                draft()
            for _ in range(2):
                draft()
                tone()

        assert [1, 2] == [
            span.attributes["orchestrace.iteration.index"] for span in orchestrace_spans.named("generate draft")
        ]
