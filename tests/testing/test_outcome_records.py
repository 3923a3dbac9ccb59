from __future__ import annotations

from typing import Any

import orchestrace
from orchestrace.conventions import AGENT_NAME, KEY, OUTCOME_NAME, OUTCOME_VALUE, ROLE, WORKFLOW_NAME
from orchestrace.recording.outcomes.records import Earlier
from orchestrace.recording.outcomes.statement import state
from orchestrace.records import SpanRecord
from orchestrace.testing import capture
from orchestrace.testing.memory import Memory
from orchestrace.testing.outcome_records import CapturedRecords

RUN = {ROLE: "agent", KEY: "job-1", AGENT_NAME: "Crafter"}
LATE = 2**62


def span(number: int, attributes: dict[str, Any], end: int | None = None, parent: str | None = None) -> SpanRecord:
    """Return a span of one trace."""
    return SpanRecord("a" * 32, f"{number:016x}", parent, "n", 0, number, end, attributes=attributes)


def known(*spans: SpanRecord) -> CapturedRecords:
    """Return the records of spans, of which some still run."""
    memory = Memory(one for one in spans if one.end is not None)
    for one in spans:
        if one.end is None:
            memory.started(one)
    return CapturedRecords(memory)


class TestCapturedRecords:
    def test_a_run_is_found_by_its_ids(self) -> None:
        """One that still runs, too."""
        records = known(span(1, RUN, 5), span(2, RUN))
        found = [records.run("a" * 32, f"{number:016x}") for number in (1, 2, 3)]

        assert [5, None, "none"] == ["none" if one is None else one.end for one in found]

    def test_the_latest_is_as_in_a_journal(self) -> None:
        """What ended last before the time, of this key and agent."""
        flow = {ROLE: "workflow", KEY: "job-1", WORKFLOW_NAME: "sourcing"}
        records = known(
            span(1, RUN, 100), span(2, RUN, 300), span(3, RUN), span(4, flow, 400), span(5, {**RUN, ROLE: "tool"}, 500)
        )
        asked = [("Crafter", LATE), ("Crafter", 200), ("Crafter", 50), ("sourcing", LATE), (None, LATE)]

        assert [2, 1, 2, 4, 4] == [int(records.latest("job-1", *one).span_id, 16) for one in asked]  # type: ignore[union-attr]
        assert records.latest("job-2", None, LATE) is None

    def test_outcomes(self) -> None:
        """By id, and the last in a place."""
        said = {OUTCOME_NAME: "n", OUTCOME_VALUE: 1}
        records = known(span(1, said, 5, "p"), span(2, {**said, OUTCOME_VALUE: 2}, 5, "p"), span(3, said, 5, "q"))

        assert Earlier(f"{1:016x}", 1) == records.outcome("a" * 32, f"{1:016x}")
        assert Earlier(f"{2:016x}", 2) == records.last("a" * 32, "p", state("n", key="k"))
        assert None is records.last("a" * 32, "p", state("n", key="k", rater="ann"))


class TestCapture:
    def test_nothing_is_left_behind(self) -> None:
        """A capture after another knows only its own."""
        for _ in range(2):
            with capture(instrument=False) as spans:
                with orchestrace.agent(name="A") as run:
                    pass
                result = orchestrace.record_outcome("n", reference=run.reference)

            assert (True, False, 2) == (result.known, result.repeats, len(spans))
