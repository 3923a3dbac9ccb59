"""Runs that are not over: they can be found while they last."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from orchestrace.journal.reader import Reader
from orchestrace.testing import OtlpReceiver

if TYPE_CHECKING:
    from tests.durability.conftest import Ashes

PROGRAM = """
import sys
import orchestrace

orchestrace.configure(service_name="shop")

@orchestrace.generator
def draft(job):
    print("runs", flush=True)
    sys.stdin.readline()
    return job

@orchestrace.agent(name="Crafter", key="job", session="who")
def craft(job, who):
    return draft(job)

craft("Compiler Engineer", "s-1")
print("done", flush=True)
sys.stdin.readline()
"""
SETTLED = "SELECT count(*) > 0 FROM deliveries WHERE state = 2"
IDENTITY = {
    "gen_ai.agent.name": "Crafter",
    "orchestrace.key": "Compiler Engineer",
    "session.id": "s-1",
    "orchestrace.role": "marker",
}


@pytest.fixture(params=["http/protobuf", "grpc"])
def receiver(request: pytest.FixtureRequest) -> Iterator[OtlpReceiver]:
    """Return a receiver of either protocol."""
    with OtlpReceiver(request.param) as started:
        started.protocol_name = request.param  # type: ignore[attr-defined] # for the program
        yield started


@pytest.fixture
def program(start: Callable[..., subprocess.Popen[str]], ashes: Ashes, receiver: OtlpReceiver) -> subprocess.Popen[str]:
    """Return a program in the middle of a run."""
    process = start(
        PROGRAM,
        variables={
            "ORCHESTRACE_JOURNAL": str(ashes.folder),
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": receiver.protocol_name,  # type: ignore[attr-defined] # as above
        },
    )
    assert process.stdout is not None
    assert "runs\n" == process.stdout.readline()
    return process


class TestRunning:
    def test_it_is_at_the_receiver_before_it_is_over(
        self, program: subprocess.Popen[str], receiver: OtlpReceiver, ashes: Ashes
    ) -> None:
        """Within the second after its first, by name, key and session; `orchestrace list` says that it runs."""
        begun = time.monotonic()
        (marker,) = receiver.wait(1)
        took = time.monotonic() - begun
        (listed,) = Reader(ashes.folder).runs()

        assert took < 2.5
        assert "started invoke_agent Crafter" == marker.name
        assert IDENTITY.items() <= marker.attributes.items()
        assert "gen_ai.operation.name" not in marker.attributes
        assert not any("input" in name for name in marker.attributes)
        assert ("Crafter", "running") == (listed.name, listed.ending)

        program.communicate("\n\n", timeout=20)
        spans = receiver.wait(3)

        assert 3 == len(spans) == len({span.span_id for span in spans})
        assert marker.parent_id == next(one.span_id for one in spans if one.name == "invoke_agent Crafter")
        assert 2 == ashes.balance().ended == ashes.balance().delivered

    def test_a_short_run_has_no_marker(self, start: Callable[..., subprocess.Popen[str]], ashes: Ashes) -> None:
        """It is over before anybody could look."""
        with OtlpReceiver() as receiver:
            variables = {"ORCHESTRACE_JOURNAL": str(ashes.folder), "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}
            start(PROGRAM, variables=variables).communicate("\n\n", timeout=20)

            assert 2 == len(receiver.spans)
            assert not [span for span in receiver.spans if span.name.startswith("started ")]

    def test_who_is_killed_while_it_runs_is_interrupted_under_its_marker(
        self, program: subprocess.Popen[str], receiver: OtlpReceiver, ashes: Ashes,
        start: Callable[..., subprocess.Popen[str]],
    ) -> None:  # fmt: skip
        """The next process sends what there was, so that the trace has its root."""
        receiver.wait(1)
        ashes.wait_until(SETTLED)  # else it may be sent once more: what was on its way is not known to have arrived
        program.kill()
        program.wait(10)
        following = start(
            "import sys, orchestrace\norchestrace.configure(service_name='shop')\n"
            "with orchestrace.llm_call('m', 'openai'): pass\nsys.stdin.readline()",
            variables={
                "ORCHESTRACE_JOURNAL": str(ashes.folder),
                "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
                "OTEL_EXPORTER_OTLP_PROTOCOL": receiver.protocol_name,  # type: ignore[attr-defined] # as above
            },
        )
        spans = {span.name: span for span in receiver.wait(4)}
        following.communicate("\n", timeout=20)

        run = spans["invoke_agent Crafter"]
        assert 4 == len(receiver.spans) == len(spans)
        assert "interrupted" == run.attributes["orchestrace.ending"]
        assert run.parent_id is None
        assert "Compiler Engineer" in str(run.attributes["input.value"])
