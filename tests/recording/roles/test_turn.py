from __future__ import annotations

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

        assert [None, None, 1, 2] == [one and one.index for one in found]
        assert 3 == len(orchestrace_spans)


class TestTurnRole:
    def test_outside_of_any_run_it_belongs_to_no_iteration(self, orchestrace_spans: Spans) -> None:
        """A generator that is called alone is recorded, and has no index."""
        with orchestrace.generator(name="g"):
            pass

        assert "orchestrace.iteration.index" not in orchestrace_spans.attributes("generate g")
