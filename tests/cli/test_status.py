from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestrace.cli.application import application
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import connect, transaction
from orchestrace.journal.encoding import Header
from orchestrace.journal.outbox import TRACES, Outbox
from orchestrace.journal.removal import remove_spans
from orchestrace.journal.store import note_writer, store
from orchestrace.records import SpanRecord

START = 1_767_225_600_000_000_000


def run(folder: Path, *arguments: str, columns: int = 120) -> Result:
    """Run the command in a terminal."""
    command = ["status", "--journal", str(folder), *arguments]
    return CliRunner().invoke(application, command, env={"COLUMNS": str(columns)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a journal in which two processes wrote: of one everything waits, of the other something of everything."""
    with closing(connect(tmp_path)) as database:
        for number, process in enumerate(("one", "two"), 1):
            header = Header(
                process,
                number,
                "here",
                START,
                "1",
                {"service.name": "shop"},
                receiver=Addressee(process, f"http://{process}"),
            )
            spans = [SpanRecord("a" * 32, f"{process}{one}", None, "x", 0, START, START + one) for one in range(1_004)]
            with transaction(database):
                store(database, spans, note_writer(database, header, over=True))
        outbox = Outbox(database, 2)
        keys = [key for key, _, _ in outbox.waiting(TRACES, 1_004, 1 << 30)]
        outbox.delivered(TRACES, keys[:1_001])
        outbox.refused(TRACES, keys[1_001:1_002], "bad")
        with transaction(database):
            remove_spans(database, keys[1_002:1_003], "forgotten")
    return tmp_path


class TestStatus:
    def test_each_process_and_all(self, folder: Path) -> None:
        """Numbers first, then the reasons, who sends, and how large it is."""
        done = run(folder)
        lines = [" ".join(line.split()) for line in done.stdout.splitlines()]

        assert 0 == done.exit_code, done.output
        assert lines[:4] == [
            "service process host since ended delivered waiting refused dropped",
            "shop 1 gone here 2026-01-01 00:00:00 1,004 0 1,004 0 0",
            "shop 2 gone here 2026-01-01 00:00:00 1,004 1,001 1 1 1",
            "all 2,008 1,001 1,005 1 1",
        ]
        assert lines[5:8] == [
            "Dropped: 1 forgotten.",
            "To http://one: nobody sends now; 1,004 spans waiting.",
            "To http://two: nobody sends now; 1 span waiting.",
        ]
        assert lines[8].startswith(f"The journal in {folder} has ")

    @pytest.mark.parametrize("columns", [79, 50, 20])
    def test_no_number_is_cut(self, folder: Path, columns: int) -> None:
        """Words are broken where it is narrow; what was counted is counted to its last digit."""
        told = run(folder, columns=columns).stdout
        lines = [line.split() for line in told.splitlines()]

        assert ["2,008", "1,001", "1,005", "1", "1"] == next(line[-5:] for line in lines if line[:1] == ["all"])
        assert ("…" in told, ["ended", "delivered", "waiting", "refused", "dropped"]) == (False, lines[0][-5:])

    def test_as_many_processes_as_are_wanted(self, folder: Path) -> None:
        """And how many more there are; the sum is of all."""
        lines = [" ".join(line.split()) for line in run(folder, "-n", "1").stdout.splitlines()]

        assert ("all 2,008 1,001 1,005 1 1", "1 more process: --limit shows more.") == (lines[2], lines[3])

    def test_json(self, folder: Path) -> None:
        """Everything, with reasons for each process."""
        found = json.loads(run(folder, "--json").stdout)

        assert {"ended": 1_004, "delivered": 1_001, "waiting": 1, "refused": 1, "dropped": {"forgotten": 1}} == (
            found["processes"][1]["balance"]
        )
        assert (2_008, 2, "gone") == (found["total"]["ended"], found["processes"][1]["pid"], _state(found))
        assert {"destination": "http://two", "waiting": 1, "signals": 0, "sender": None} == found["receivers"][1]

    def test_of_an_empty_journal(self, tmp_path: Path) -> None:
        """Nothing ended, and nothing waits."""
        done = run(tmp_path)

        assert (0, "all 0 0 0 0 0") == (done.exit_code, " ".join(done.stdout.splitlines()[1].split()))


def _state(found: dict[str, list[dict[str, object]]]) -> str:
    return "lives" if found["processes"][1]["lives"] else "gone"
