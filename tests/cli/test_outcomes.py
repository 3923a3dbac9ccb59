from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestrace.cli.application import application

HEADER = "name,value,key,at,source\n"
ZONED = "2026-03-01T09:30:00Z"
COMMAND = [sys.executable, "-c", "from orchestrace.cli.main import main; main()", "outcomes", "import"]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with nothing set."""
    for name in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file to import."""
    return tmp_path / "replies.csv"


def run(folder: Path, file: Path | str, *arguments: str, given: str = "") -> Result:
    """Run the command."""
    command = ["outcomes", "import", str(file), "--journal", str(folder), *arguments]
    return CliRunner().invoke(application, command, input=given)


def stored(folder: Path, columns: str = "name, value, key") -> list[tuple[object, ...]]:
    """Return the outcomes that the journal has."""
    with closing(sqlite3.connect(folder / "journal.db")) as database:
        return database.execute(f"SELECT {columns} FROM outcomes ORDER BY key, value").fetchall()  # noqa: S608 - ours


def count(folder: Path) -> int:
    """Return how many there are; none in a database that is being made."""
    with suppress(sqlite3.OperationalError):
        return len(stored(folder))
    return 0


class TestImport:
    def test_every_line_is_recorded(self, journal: Path, file: Path) -> None:
        """And what became of them is said in one line."""
        file.write_text(f"{HEADER}replied,true,welder-17,{ZONED},crm\nreplied,false,job-9,,crm\n")
        done = run(journal, file)

        assert (0, "") == (done.exit_code, done.stderr)
        assert (
            "2 lines: 2 recorded (1 of runs that are not in this journal), 0 recorded before, 0 failed.\n"
            == done.stdout
        )
        assert [("replied", 0, "job-9"), ("replied", 1, "welder-17")] == stored(journal)

    def test_again_it_changes_nothing(self, journal: Path, file: Path) -> None:
        """Also of a file that has grown; a new value is a correction."""
        first = f"{HEADER}rating,3,welder-17,{ZONED},crm\n"
        file.write_text(first)
        run(journal, file)
        file.write_text(f"{first}rating,4,welder-17,{ZONED},crm\nrating,3,welder-17,{ZONED},crm\n")
        done = run(journal, file)

        assert "3 lines: 1 recorded (1 of them corrections), 2 recorded before, 0 failed.\n" == done.stdout
        assert [(3, 1), (4, 0)] == stored(journal, "value, corrected")

    def test_wrong_lines_are_told_and_stop_nothing(self, journal: Path, file: Path) -> None:
        """By their numbers; the command ends with 1."""
        file.write_text(
            f"{HEADER}replied,true,welder-17,2026-03-01T09:30,crm\nreplied,true\nreplied,true,welder-17,,\n"
        )
        done = run(journal, file)
        told = done.stderr.splitlines()

        assert (1, [("replied", 1, "welder-17")]) == (done.exit_code, stored(journal))
        assert "3 lines: 1 recorded, 0 recorded before, 2 failed.\n" == done.stdout
        assert told[0].startswith(f"{file}:2: at=2026-03-01T09:30 does not say its time zone")
        assert told[1].startswith(f"{file}:3: An outcome must say of which run it is")

    def test_from_standard_input(self, journal: Path) -> None:
        """A pipe of JSON objects; for programs the counts are JSON."""
        given = '{"name":"edited","key":"welder-17","value":{"stars":4},"correction":"Hi Zoë"}\n'
        done = run(journal, "-", "--json", given=given)

        assert {"lines": 1, "recorded": 1, "corrections": 0, "unknown": 0, "repeated": 0, "failed": 0} == json.loads(
            done.stdout
        )
        assert [('{"stars":4}', "Hi Zoë")] == stored(journal, "value, correction")

    def test_columns_and_what_all_lines_have(self, journal: Path, file: Path) -> None:
        """As another system exports them; what is not read is said."""
        file.write_text("job_id;stage;city\nwelder-17;hired;Rome\n")
        options = ("--name", "stage", "--source", "ats", "--column", "key=job_id", "--column", "value=stage")
        done = run(journal, file, *options)

        assert (0, "Not read: city.\n") == (done.exit_code, done.stderr)
        assert [("stage", "hired", "ats")] == stored(journal, "name, value, source")

    @pytest.mark.parametrize("option", [("--column", "key"), ("--column", "kee=x"), ("--format", "xml")])
    def test_options_that_cannot_be_meant(self, journal: Path, file: Path, option: tuple[str, str]) -> None:
        """Nothing is read."""
        file.write_text(HEADER)

        assert 2 == run(journal, file, *option).exit_code

    def test_more_lines_than_come_at_once(self, journal: Path, file: Path) -> None:
        """Everything is recorded, in transactions that leave others room."""
        file.write_text(HEADER + "".join(f"n,{number},job-{number},{ZONED},\n" for number in range(1_234)))

        assert "1,234 lines: 1,234 recorded" in run(journal, file).stdout
        assert 1_234 == len(stored(journal))

    def test_what_is_no_file_of_outcomes_ends_with_one_line(self, journal: Path, file: Path) -> None:
        """And with 1."""
        file.write_text("first name,city\nZoë,Rome\n")
        command = [*COMMAND, str(file), "--journal", str(journal)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours

        assert (1, "", 1) == (done.returncode, done.stdout, len(done.stderr.splitlines()))
        assert "The header has the columns first name, city" in done.stderr

    def test_a_file_that_is_not_there(self, journal: Path, file: Path) -> None:
        """As any command says it."""
        assert 2 == run(journal, file).exit_code


class TestStopped:
    def test_what_was_recorded_stays(self, journal: Path, file: Path) -> None:
        """Ctrl+C, and then again from the beginning: each outcome is there once."""
        lines = HEADER + "".join(f"n,{number},job-{number},{ZONED},\n" for number in range(600))
        command = [*COMMAND, "-", "--format", "csv", "--journal", str(journal)]
        stopped = subprocess.Popen(  # noqa: S603 - ours
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert stopped.stdin is not None
        stopped.stdin.write(lines)
        stopped.stdin.flush()
        while not (journal / "journal.db").exists() or count(journal) < 500:
            assert stopped.poll() is None
            threading.Event().wait(0.02)
        stopped.send_signal(signal.SIGINT)
        said, _ = stopped.communicate(timeout=30)
        file.write_text(lines)
        done = run(journal, file)

        assert (True, "500 lines: 500 recorded" in said) == (stopped.returncode != 0, True)
        assert "600 lines: 100 recorded" in done.stdout
        assert 600 == len(stored(journal))


class TestProgress:
    def test_is_drawn_on_a_terminal_alone(self, journal: Path, file: Path) -> None:
        """A pipe gets the result, and no escape code."""
        file.write_text(f"{HEADER}n,1,job-1,,\n")
        pty = pytest.importorskip("pty")
        command = [*COMMAND, str(file), "--journal", str(journal)]
        master, slave = pty.openpty()
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=slave, text=True, check=True, timeout=60)  # noqa: S603
        os.close(slave)
        drawn = os.read(master, 65536)
        os.close(master)

        assert "\x1b" not in done.stdout
        assert b"lines" in drawn
