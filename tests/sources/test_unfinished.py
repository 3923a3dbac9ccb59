from __future__ import annotations

from dataclasses import replace

from orchestrace import conventions as names
from orchestrace.records import SpanRecord
from orchestrace.sources.unfinished import with_runs_for_markers

RUN = SpanRecord(
    "a" * 32,
    "1" * 16,
    None,
    "invoke_agent Crafter",
    0,
    5,
    9,
    attributes={names.ROLE: "agent", names.AGENT_NAME: "Crafter"},
)
MARKER = replace(
    RUN,
    span_id="2" * 16,
    parent_id=RUN.span_id,
    name="started invoke_agent Crafter",
    end=6,
    attributes={names.ROLE: "marker", names.AGENT_NAME: "Crafter", names.KEY: "job-7"},
)


class TestMarkers:
    def test_beside_its_run_it_says_nothing(self) -> None:
        """The run has come meanwhile."""
        assert [RUN] == with_runs_for_markers([MARKER, RUN])

    def test_alone_it_stands_for_the_run(self) -> None:
        """Which has begun, by this name and key, and has not ended; what happened inside is below it."""
        child = replace(RUN, span_id="3" * 16, parent_id=RUN.span_id, name="iteration 1", attributes={})
        run, inside = with_runs_for_markers([MARKER, child])

        assert (RUN.span_id, "invoke_agent Crafter", None, "agent", "job-7") == (
            run.span_id,
            run.name,
            run.end,
            run.attributes[names.ROLE],
            run.attributes[names.KEY],
        )
        assert run.span_id == inside.parent_id

    def test_of_a_workflow(self) -> None:
        """It is told by its name."""
        marker = replace(MARKER, attributes={names.ROLE: "marker", names.WORKFLOW_NAME: "sourcing"})

        assert ["workflow"] == [run.attributes[names.ROLE] for run in with_runs_for_markers([marker])]
