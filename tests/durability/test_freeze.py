"""Programs that are frozen between two requests, and thawed when the next one comes, as functions in a cloud are."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from orchestrace.testing import OtlpReceiver

if TYPE_CHECKING:
    from tests.durability.conftest import Ashes

HANDLER = """
import sys
import orchestrace

orchestrace.configure(service_name="function")

@orchestrace.agent(name="A")
def craft(job):
    return job

for line in sys.stdin:
    craft(line)
    print(bool(orchestrace.flush(20)) if "flush" in line else None, flush=True)
"""
Start = Callable[..., "subprocess.Popen[str]"]


class Function:
    """A program that answers requests."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out, self._process = process.stdin, process.stdout, process

    def ask(self, request: str) -> str:
        """Have it answer one request."""
        self._in.write(f"{request}\n")
        self._in.flush()
        return self._out.readline().strip()

    def freeze(self) -> None:
        """Stop it where it is, and wait until it stands."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> int:
        """Have no more requests; return how it ended."""
        self._process.communicate(timeout=20)
        return self._process.returncode


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
class TestFrozen:
    def test_what_was_flushed_has_arrived(self, protocol: str, start: Start, ashes: Ashes) -> None:
        """And so does what comes afterwards, though the receiver is another one by then."""
        with OtlpReceiver(protocol) as receiver:
            function = Function(start(HANDLER, variables=variables(receiver, protocol, ashes)))
            answers = [function.ask("flush")]
            function.freeze()
            receiver.stop()
            receiver.start()
            function.thaw()
            answers.append(function.ask("flush"))

            assert ["True", "True", 0] == [*answers, function.end()]
            assert 2 == len(receiver.spans) == len({span.span_id for span in receiver.spans})

    def test_what_was_not_is_sent_when_it_goes_on(self, protocol: str, start: Start, ashes: Ashes) -> None:
        """Wherever it stood in the meantime."""
        with OtlpReceiver(protocol) as receiver:
            function = Function(start(HANDLER, variables=variables(receiver, protocol, ashes)))
            for _ in range(5):
                function.ask("go on")
                function.freeze()
                function.thaw()

            assert 0 == function.end()
            assert 5 == len({span.span_id for span in receiver.wait(5)})

    def test_what_never_thaws_is_delivered_by_the_next(self, protocol: str, start: Start, ashes: Ashes) -> None:
        """It is killed while it stands; what it recorded is on disk."""
        with OtlpReceiver(protocol) as receiver:
            first = start(HANDLER, variables=variables(receiver, protocol, ashes))
            function = Function(first)
            function.ask("go on")
            function.freeze()
            first.kill()
            first.wait(20)
            function = Function(start(HANDLER, variables=variables(receiver, protocol, ashes)))

            assert ["True", 0] == [function.ask("flush"), function.end()]
            assert 2 == len({span.span_id for span in receiver.wait(2)})


def variables(receiver: OtlpReceiver, protocol: str, ashes: Ashes) -> dict[str, str]:
    """Return the variables of a function whose receiver this is."""
    return {
        "ORCHESTRACE_JOURNAL": str(ashes.folder),
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
    }
