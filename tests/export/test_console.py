from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from opentelemetry.sdk.resources import Resource

from orchestrace.export.console import Printer
from orchestrace.records import Sink, SpanRecord

Make = Callable[..., SpanRecord]

LONG = 20.0

FORKING = """
import os
from opentelemetry.sdk.resources import Resource
from orchestrace.export.console import Printer
from orchestrace.records import SpanRecord

def span(name): return SpanRecord("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", None, name, 0, 1, 2)

printer = Printer(Resource({"service.name": "forking"}))
printer.ended(span("before"))
printer.flush(10)
child = os.fork()
if child: os.waitpid(child, 0)
printer.ended(span("parent" if child else "child"))
done = printer.flush(10)
os._exit(0 if done else 1)
"""


class Pipe(io.StringIO):
    """Standard output that takes nothing until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()
        self.entered = threading.Event()

    def write(self, text: str) -> int:
        """Wait, then keep it."""
        self.entered.set()
        self.open.wait(LONG)
        return super().write(text)


@pytest.fixture
def printer(resource: Resource) -> Printer:
    """Return a printer."""
    return Printer(resource)


class TestPrinter:
    def test_is_a_sink(self, printer: Printer) -> None:
        """The pipeline takes it as it takes a journal."""
        sink: Sink = printer

        assert sink is printer

    def test_prints_what_ended(self, printer: Printer, record: Make, capsys: pytest.CaptureFixture[str]) -> None:
        """As the SDK prints it, with the resource, in order; a start prints nothing."""
        printer.started(record(1, end=None))
        printer.ended(record(1, attributes={"odd": "\ud800"}))
        printer.ended(record(2))
        done = printer.flush(LONG)
        first, second = (json.loads(said) for said in capsys.readouterr().out.replace("}\n{", "}\n\0{").split("\0"))

        assert done is True
        assert ["span 1", "span 2"] == [first["name"], second["name"]]
        assert {"odd": "\ufffd"} == first["attributes"]
        assert "sourcing" == first["resource"]["attributes"]["service.name"]

    def test_only_sampled_spans(self, printer: Printer, record: Make, capsys: pytest.CaptureFixture[str]) -> None:
        """What the sampler left out is in the journal alone."""
        printer.ended(record(sampled=False))

        assert (True, "") == (printer.flush(LONG), capsys.readouterr().out)

    def test_an_odd_span_costs_no_other(
        self, printer: Printer, record: Make, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What cannot be printed is reported, and the thread lives on."""
        printer.ended(record(1, trace_id="none"))
        printer.ended(record(2))

        assert printer.flush(LONG) is True
        assert "span 2" == json.loads(capsys.readouterr().out)["name"]

    def test_a_full_pipe_stops_nobody(self, printer: Printer, record: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        """Spans end while standard output takes nothing; flush says that they wait, and later that they are printed."""
        pipe = Pipe()
        monkeypatch.setattr(sys, "stdout", pipe)
        for number in range(1, 4):
            printer.ended(record(number))
        pipe.entered.wait(LONG)
        early = printer.flush(0.01)
        pipe.open.set()

        assert [False, True] == [early, printer.flush(LONG)]
        assert ["span 1", "span 2", "span 3"] == [
            json.loads(said)["name"] for said in pipe.getvalue().replace("}\n{", "}\n\0{").split("\0")
        ]

    def test_any_thread_may_end_spans(self, printer: Printer, record: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        """Eight begin in the same moment: one thread prints, and flush waits for all that came before it."""
        pipe, together, before = Pipe(), threading.Barrier(8), threading.active_count()
        monkeypatch.setattr(sys, "stdout", pipe)

        def end(number: int) -> None:
            together.wait(LONG)
            printer.ended(record(number))

        threads = [threading.Thread(target=end, args=(number,)) for number in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONG)
        started = threading.active_count() - before
        pipe.open.set()

        assert (1, True) == (started, printer.flush(LONG))
        assert 8 == pipe.getvalue().count('"name": "span')

    def test_a_machine_without_threads_harms_nobody(
        self, printer: Printer, record: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What ended meanwhile is printed when there is a thread again."""

        def refuse(thread: threading.Thread) -> None:
            msg = f"can't start {thread.name}"
            raise RuntimeError(msg)

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            printer.ended(record(1))
        printer.ended(record(2))

        assert printer.flush(LONG) is True
        assert 2 == capsys.readouterr().out.count('"name": "span')

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
    def test_a_forked_child_prints_its_own(self) -> None:
        """From a thread of its own, and nothing of its parent's."""
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-u", "-c", FORKING], capture_output=True, text=True, timeout=60, check=False
        )

        assert 0 == done.returncode, done.stderr
        assert ["before", "child", "parent"] == [
            json.loads(said)["name"] for said in done.stdout.replace("}\n{", "}\n\0{").split("\0")
        ]
