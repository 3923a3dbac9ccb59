"""Processes that are killed, in any way and at any moment."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from orchestrace.forwarding import Errand
from orchestrace.journal.reader import Reader
from orchestrace.testing import OtlpReceiver

if TYPE_CHECKING:
    from tests.durability.conftest import Ashes, Mortal

DEATHS = {"kill": 48, "term": 48, "exit": 48, "line": 48, "thread": 10}
"""How many there are of each kind: two hundred. The last traces every line of our threads, which takes its time."""
ALTOGETHER = 40
"""How many there are while a receiver is there."""
BATCH = 512
"""Spans that one request may have had on its way when its process was killed."""
KINDS = list(DEATHS)
FOUND = """
    SELECT trace_id || ' ' || span_id, trace_id || ' ' || parent_id, end_time,
           json_extract(attributes, '$."orchestrace.ending"'),
           coalesce(json_extract(attributes, '$."input.value"'), json_extract(attributes, '$."gen_ai.input.messages"'))
    FROM spans
"""


@pytest.mark.slow
class TestKills:
    @pytest.mark.parametrize("how", KINDS)
    def test_nothing_that_ended_is_lost_and_what_ran_is_interrupted(
        self, how: str, mortal: Mortal, ashes: Ashes
    ) -> None:
        """
        By SIGKILL, by SIGTERM without a handler, by `os._exit`, at any line of ours in the program's threads or ours.

        Whatever the program saw end has ended; whatever ran has an end, its input, and stands under its parent.
        """
        said: list[tuple[str, str, str]] = []
        for number in range(DEATHS[how]):
            said += mortal.die(how, seed=1000 * KINDS.index(how) + number)
            ashes.recover()
        rows = {ids: row for ids, *row in ashes.ask(FOUND)}
        ended = {f"{trace_id} {span_id}" for event, trace_id, span_id in said if event == "ended"}
        started = {f"{trace_id} {span_id}" for event, trace_id, span_id in said if event == "started"}
        interrupted = {ids for ids, row in rows.items() if row[2] == "interrupted"}

        assert len(started) > DEATHS[how]
        assert set() == ended - rows.keys()
        assert set() == started - rows.keys()
        assert set() == ended & interrupted
        assert [] == [ids for ids, row in rows.items() if row[1] is None]
        assert [] == [rows[ids] for ids in started & interrupted if not rows[ids][3]]
        assert set() == {row[0] for row in rows.values() if row[0] is not None} - rows.keys()
        assert {1} == set(Counter(ids.split()[0] for ids, row in rows.items() if row[0] is None).values())
        assert len(rows) == ashes.balance().ended == ashes.balance().waiting

    def test_everything_arrives_in_the_end(self, mortal: Mortal, ashes: Ashes) -> None:
        """What killed processes sent, and what the next ones or `orchestrace forward` send for them, is everything."""
        with OtlpReceiver() as receiver:
            for number in range(ALTOGETHER):
                mortal.die(KINDS[number % len(KINDS)], seed=7000 + number, endpoint=receiver.endpoint)
            ashes.recover()
            with closing(self._errand(ashes, receiver.endpoint)) as errand:
                assert 0 == errand.run(20)
            sent = Counter((span.trace_id, span.span_id) for span in receiver.spans)
            known = set(ashes.ask("SELECT trace_id, span_id FROM spans"))

        assert known == set(sent)
        assert len(receiver.twice) <= ALTOGETHER * BATCH
        assert max(sent.values()) <= 3
        assert ashes.balance().ended == ashes.balance().delivered

    def _errand(self, ashes: Ashes, endpoint: str) -> Errand:
        from orchestrace.export.receiver import resolve  # noqa: PLC0415

        found = resolve(endpoint=endpoint, protocol=None)
        assert found is not None
        return Errand(ashes.folder, found)

    def test_a_run_that_was_killed_can_be_shown(self, mortal: Mortal, ashes: Ashes) -> None:
        """The newest run is found by name, with its root."""
        mortal.die("kill", seed=1)

        spans = Reader(ashes.folder).trace("last")

        assert "invoke_agent Crafter" == spans[0].name
        assert [spans[0].span_id] == [span.span_id for span in spans if span.parent_id is None]


BY_HAND = """
import os, orchestrace
orchestrace.configure(service_name="shop")
with orchestrace.agent(name="Crafter"), orchestrace.llm_call("m", "local") as call:
    call.request("Write to Li.", temperature=0.5)
    os._exit(9)
"""


class TestByHand:
    def test_what_a_call_was_asked_is_known(self, start: Callable[..., subprocess.Popen[str]], ashes: Ashes) -> None:
        """Although it was said after the call had begun."""
        assert 9 == start(BY_HAND, variables={"ORCHESTRACE_JOURNAL": str(ashes.folder)}).wait(20)
        ashes.recover()
        found = [row for row in ashes.ask(FOUND) if "Write to Li." in (row[4] or "")]

        assert ["interrupted"] == [row[3] for row in found]
