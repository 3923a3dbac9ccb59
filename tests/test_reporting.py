from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import orchestrace.reporting
from orchestrace.exceptions import JournalError, UsageError
from orchestrace.export.receiver import resolve
from orchestrace.forwarding import Errand
from orchestrace.journal.database import connect
from orchestrace.journal.journal import Journal
from orchestrace.records import SpanRecord
from orchestrace.reporting import open_report
from orchestrace.testing import OtlpReceiver

TRACE, RUN = "a" * 32, "b" * 16
REFERENCE = f"{TRACE}-{RUN}-69248000"
SAID = {"name": "replied", "value": True, "reference": REFERENCE}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with nothing set."""
    for name in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that does not exist yet."""
    return tmp_path / "journal"


@pytest.fixture
def otlp(monkeypatch: pytest.MonkeyPatch) -> Iterator[OtlpReceiver]:
    """Return a receiver that takes everything, as the variables name it."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    with OtlpReceiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        yield receiver


def services(folder: Path) -> list[str]:
    """Return of which services outcomes are."""
    with closing(connect(folder)) as database:
        return [service for (service,) in database.execute("SELECT service FROM outcomes ORDER BY service")]


class TestOpenReport:
    def test_makes_a_journal_where_there_is_none(self, folder: Path) -> None:
        """An outcome can come to a machine that has run no agent; for its owner alone."""
        with open_report(folder) as report, report.batch():
            outcome = report.add(SAID)

        assert (0o700, None) == (folder.stat().st_mode & 0o777, outcome.run)
        assert services(folder)[0].startswith("unknown_service")

    def test_reads_what_lies_there_first(self, folder: Path) -> None:
        """A run that has just ended is known."""
        journal = Journal(folder)
        journal.ended(SpanRecord(TRACE, RUN, None, "invoke_agent A", 0, 1, 2, attributes={"orchestrace.role": "agent"}))
        with open_report(folder) as report, report.batch():
            outcome = report.add(SAID)
        journal.close()

        assert outcome.run is not None

    @pytest.mark.parametrize(("variable", "argument", "expected"), [("mail", None, "mail"), ("mail", "shop", "shop")])
    def test_a_service_can_be_named(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str, argument: str | None, expected: str
    ) -> None:
        """By the variable, or by who calls."""
        monkeypatch.setenv("OTEL_SERVICE_NAME", variable)
        with open_report(folder, argument) as report, report.batch():
            report.add(SAID)

        assert [expected] == services(folder)

    def test_others_who_write_for_long_are_an_error(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """One that names the folder."""
        monkeypatch.setattr(orchestrace.reporting, "_OTHERS", 0.05)
        with open_report(folder) as report, closing(connect(folder)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(JournalError, match=str(folder)), report.batch():
                report.add(SAID)
            other.execute("ROLLBACK")


class TestAdd:
    @pytest.mark.parametrize("fields", [{}, {"name": "n"}, {"name": "n", "key": "k", "refrence": "x"}])
    def test_what_cannot_be_meant_is_an_error(self, folder: Path, fields: dict[str, str]) -> None:
        """And stops nothing: the others of its batch are recorded."""
        with open_report(folder) as report, report.batch():
            with pytest.raises(UsageError):
                report.add(fields)
            report.add(SAID)

        assert 1 == len(services(folder))

    def test_content_can_be_off(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """As OpenTelemetry's variable says."""
        monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "false")
        with open_report(folder) as report, report.batch():
            report.add({**SAID, "comment": "CANARY"})

        assert not any(b"CANARY" in path.read_bytes() for path in folder.iterdir())


class TestDelivery:
    def test_a_forwarder_sends_it(self, folder: Path, otlp: OtlpReceiver) -> None:
        """Span and event; to whom the variables name, where the run is not here."""
        with open_report(folder) as report, report.batch():
            report.add(SAID)
        receiver = resolve()
        assert receiver is not None
        errand = Errand(folder, receiver)
        waiting = errand.run(20)
        errand.close()

        assert 0 == waiting
        assert [("outcome replied", TRACE, RUN)] == [(span.name, span.trace_id, span.parent_id) for span in otlp.spans]
        assert [(TRACE, RUN)] == [(record.trace_id, record.span_id) for record in otlp.logs]

    def test_a_process_that_runs_sends_it_at_once(self, folder: Path, otlp: OtlpReceiver) -> None:
        """It looks after the journal's outbox, whoever puts something in."""
        orchestrace.configure("sourcing", journal=folder, instrument=False, isolated=True)
        try:
            with orchestrace.agent(name="A") as run:
                pass
            otlp.wait(1)
            with open_report(folder) as report, report.batch():
                report.add({"name": "replied", "reference": run.reference})
            spans = otlp.wait(2)
        finally:
            orchestrace.shutdown()

        assert ["invoke_agent A", "outcome replied"] == [span.name for span in spans]
        assert {"sourcing"} == {resource["service.name"] for resource in otlp.resources}

    def test_the_next_process_of_the_service_sends_it(self, folder: Path, otlp: OtlpReceiver) -> None:
        """Which has the same receiver."""
        with open_report(folder) as report, report.batch():
            report.add(SAID)
        orchestrace.configure("sourcing", journal=folder, instrument=False, isolated=True)
        try:
            spans = otlp.wait(1)
        finally:
            orchestrace.shutdown()

        assert ["outcome replied"] == [span.name for span in spans]
