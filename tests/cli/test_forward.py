"""The command is a process of its own: each case here runs it against a real receiver."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from orchestrace.cli.forward import forward
from orchestrace.exceptions import ConfigurationError, JournalError
from orchestrace.journal.addressee import Addressee
from orchestrace.journal.database import FILE_NAME, connect
from orchestrace.journal.journal import Journal
from orchestrace.records import SpanRecord
from orchestrace.testing import OtlpReceiver

MAIN = "from orchestrace.cli.main import main; main()"

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that does not exist yet."""
    return tmp_path / "journal"


@pytest.fixture
def otlp() -> Iterator[OtlpReceiver]:
    """Return a receiver that takes everything."""
    with OtlpReceiver() as receiver:
        yield receiver


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Return what starts the command; what still runs in the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def one(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", MAIN, "forward", "--journal", str(folder), *arguments]
        known = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
        pipe = subprocess.PIPE
        started.append(
            subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=known | environment)  # noqa: S603 - ours
        )
        return started[-1]

    yield one
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr."""
    out, error = process.communicate(timeout=60)
    return process.returncode, out, error


def write(folder: Path, name: str, receiver: Addressee | None = None) -> Journal:
    """Write a span as a program does that lives until its journal is closed."""
    journal = Journal(folder, resource={"service.name": "shop"}, receiver=receiver)
    journal.ended(SpanRecord("a" * 32, name.encode().hex()[:16].ljust(16, "0"), None, name, 0, 1, 2))
    return journal


def names(otlp: OtlpReceiver) -> list[str]:
    """Return the names of what has arrived."""
    return sorted(span.name for span in otlp.spans)


class TestOnce:
    def test_sends_what_nobody_else_sends(self, folder: Path, otlp: OtlpReceiver, start: Start) -> None:
        """Of programs without an endpoint, and of those that are gone; a living one with a receiver sends its own."""
        living = write(folder, "kept")
        other = write(folder, "another's", Addressee("1f", "http://elsewhere"))
        write(folder, "gone", Addressee("0f", "http://nowhere")).close()
        done = finish(start("--once", OTEL_EXPORTER_OTLP_ENDPOINT=otlp.endpoint))
        living.close()
        other.close()

        assert (0, "", "orchestrace: 2 spans delivered, 0 wait.\n") == done
        assert ["gone", "kept"] == names(otlp)

    def test_what_did_not_arrive_is_an_error(self, folder: Path, otlp: OtlpReceiver, start: Start) -> None:
        """Cron says so; it waits for the next time."""
        write(folder, "one").close()
        otlp.stop()
        code, out, error = finish(start("--once", "--timeout", "0.5", "--endpoint", otlp.endpoint))

        assert (1, "") == (code, out)
        assert "orchestrace: 0 spans delivered, 1 wait. `orchestrace doctor` says why.\n" in error

    def test_of_nothing_is_no_error(self, otlp: OtlpReceiver, start: Start) -> None:
        """Nothing was recorded yet."""
        assert (0, "", "orchestrace: 0 spans delivered, 0 wait.\n") == finish(
            start("--once", "--endpoint", otlp.endpoint)
        )


class TestForward:
    def test_goes_on_until_it_is_told_to_end(self, folder: Path, otlp: OtlpReceiver, start: Start) -> None:
        """What is written meanwhile arrives; SIGTERM, as a container gets it, is a good end."""
        process = start("--endpoint", otlp.endpoint)
        journal = write(folder, "meanwhile")
        arrived = [span.name for span in otlp.wait(1)]
        process.send_signal(signal.SIGTERM)
        done = finish(process)
        journal.close()

        assert (["meanwhile"], (0, "", "")) == (arrived, done)
        with closing(connect(folder)) as database:
            assert [(2,)] == database.execute("SELECT state FROM deliveries").fetchall()

    def test_without_a_receiver_it_says_how_to_name_one(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It makes no folder."""
        for name in [name for name in os.environ if name.startswith("OTEL_")]:
            monkeypatch.delenv(name)
        with pytest.raises(ConfigurationError, match=r"--endpoint, or set OTEL_EXPORTER_OTLP_ENDPOINT"):
            forward(folder)

        assert not folder.exists()

    @pytest.mark.parametrize(
        ("endpoint", "protocol", "said"),
        [("nonsense", None, "nonsense"), ("http://127.0.0.1:1", "carrier-pigeon", "carrier-pigeon")],
    )
    def test_what_cannot_work_is_said(self, folder: Path, endpoint: str, protocol: str | None, said: str) -> None:
        """Before anything is made."""
        with pytest.raises(ConfigurationError, match=said):
            forward(folder, endpoint=endpoint, protocol=protocol, once=True)

        assert not folder.exists()

    @pytest.mark.parametrize("fault", ["foreign", "newer", "folder"])
    def test_a_journal_that_cannot_be_written_is_said(self, folder: Path, fault: str) -> None:
        """Of a file of somebody else's, of a later version, or none at all."""
        folder.mkdir()
        path = folder / FILE_NAME
        if fault == "foreign":
            path.write_text("no database" * 1000)
        elif fault == "folder":
            path.mkdir()
        else:
            with closing(sqlite3.connect(path)) as database:
                database.execute("PRAGMA user_version = 999")

        with pytest.raises(JournalError, match=re.escape(str(folder))):
            forward(folder, endpoint="http://127.0.0.1:1", once=True)
