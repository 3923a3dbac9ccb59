"""Programs that run under `opentelemetry-instrument`, with two distros installed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrace.testing import OtlpReceiver

AGENT = "invoke_agent A"
UNDER = (str(Path(sys.executable).parent / "opentelemetry-instrument"),)
OTHERS = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "openai,anthropic", "OTEL_METRICS_EXPORTER": "none"}
"""The other instrumentations that are installed are the business of other tests."""
PROGRAM = """
from opentelemetry.sdk.trace import TracerProvider
import httpx2
craft("x")
outside()
now = orchestrace.status()
say(configured=now.configured, instrumented="httpx2" in now.instrumented, sent=now.destination, faults=now.faults,
    sdk=isinstance(trace.get_tracer_provider(), TracerProvider))
"""


RECORDED = "every run is in the journal"
EXPORTED = "its exporters and processors get every span"
SENT_ONCE = "each span is sent once"


def living(row: str, *columns: str) -> Callable[[Any], Any]:
    """Mark facts of the table."""

    def mark(test: Any) -> Any:
        for column in columns:
            test = pytest.mark.compatibility(table="living", row=row, column=column)(test)
        return test

    return mark


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    """Receive what the program sends."""
    with OtlpReceiver() as receiver:
        yield receiver


def settings(receiver: OtlpReceiver, **chosen: str) -> dict[str, str]:
    """Return the variables of a program that is sent to a receiver."""
    sending = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
    return {**OTHERS, **sending, "OTEL_LOGS_EXPORTER": "none", **chosen}


class TestOurs:
    @living("`opentelemetry-instrument`, our distro wins", RECORDED, SENT_ONCE)
    @pytest.mark.parametrize(
        "chosen",
        [
            {"OTEL_PYTHON_DISTRO": "orchestrace"},
            {"OTEL_PYTHON_DISTRO": "orchestrace", "OTEL_PYTHON_CONFIGURATOR": "orchestrace"},
        ],
        ids=["distro", "both"],
    )
    def test_everything_is_recorded_and_sent(
        self, run: Callable[..., Any], receiver: OtlpReceiver, chosen: dict[str, str]
    ) -> None:
        """The distro alone brings its configurator along; clients are tapped."""
        done = run(PROGRAM, settings(receiver, **chosen), under=UNDER)
        sent = sorted(span.name for span in receiver.wait(3))

        assert {"configured": True, "instrumented": True, "sdk": True, "faults": {}}.items() <= done.said.items()
        assert ["inner", AGENT, "outside"] == done.recorded == sent

    @living("`opentelemetry-instrument`, our distro wins, calls `configure()` too", RECORDED, SENT_ONCE)
    def test_the_programs_own_words_hold(self, run: Callable[..., Any], receiver: OtlpReceiver) -> None:
        """A service name of its own is no contradiction to what the distro set up before."""
        done = run(
            f'orchestrace.configure(service_name="mine")\n{PROGRAM}',
            settings(receiver, OTEL_PYTHON_DISTRO="orchestrace", OTEL_SERVICE_NAME="theirs"),
            under=UNDER,
        )
        receiver.wait(3)

        assert ["inner", AGENT, "outside"] == done.recorded
        assert ["mine"] == [resource["service.name"] for resource in receiver.resources]

    def test_the_instrumentation_can_be_switched_off(self, run: Callable[..., Any], receiver: OtlpReceiver) -> None:
        """By OpenTelemetry's variable for it; decorated code is recorded all the same."""
        done = run(
            PROGRAM,
            settings(
                receiver,
                OTEL_PYTHON_DISTRO="orchestrace",
                OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="openai, anthropic, orchestrace",
            ),
            under=UNDER,
        )

        assert {"configured": True, "instrumented": False}.items() <= done.said.items()
        assert ["inner", AGENT, "outside"] == done.recorded


class TestAnother:
    @living("`opentelemetry-instrument`, another distro wins", EXPORTED, SENT_ONCE)
    @pytest.mark.parametrize(
        "chosen",
        [
            {"OTEL_PYTHON_DISTRO": "distro"},
            {"OTEL_PYTHON_DISTRO": "distro", "OTEL_PYTHON_CONFIGURATOR": "configurator"},
        ],
        ids=["distro", "both"],
    )
    def test_we_are_an_ordinary_instrumentation(
        self, run: Callable[..., Any], receiver: OtlpReceiver, chosen: dict[str, str]
    ) -> None:
        """Its exporter sends our spans; the distro's name alone is enough to choose it."""
        done = run(PROGRAM, settings(receiver, **chosen), under=UNDER)
        sent = sorted(span.name for span in receiver.wait(3))

        assert {"configured": False, "instrumented": True, "sdk": True, "faults": {}}.items() <= done.said.items()
        assert ["inner", AGENT, "outside"] == sent
        assert not done.journal.exists()

    @living("`opentelemetry-instrument`, another distro wins, calls `configure()` too", RECORDED, EXPORTED, SENT_ONCE)
    def test_a_program_that_configures_joins_it(self, run: Callable[..., Any], receiver: OtlpReceiver) -> None:
        """The journal has everything; nothing is sent twice."""
        done = run(f"orchestrace.configure()\n{PROGRAM}", settings(receiver, OTEL_PYTHON_DISTRO="distro"), under=UNDER)
        sent = sorted(span.name for span in receiver.wait(3))

        assert {"configured": True, "sent": None}.items() <= done.said.items()
        assert ["inner", AGENT, "outside"] == done.recorded == sent


class TestNeither:
    def test_whichever_is_found_first_wins(self, run: Callable[..., Any], receiver: OtlpReceiver) -> None:
        """With nothing chosen, everything is sent once all the same."""
        done = run(PROGRAM, settings(receiver), under=UNDER)
        sent = sorted(span.name for span in receiver.wait(3))

        assert {"instrumented": True, "sdk": True}.items() <= done.said.items()
        assert ["inner", AGENT, "outside"] == sent

    def test_a_wrong_setting_is_said_and_the_program_runs(self, run: Callable[..., Any]) -> None:
        """No variable of ours can keep a program from starting."""
        done = run(
            'say(result=craft("x"))',
            {
                **OTHERS,
                "OTEL_PYTHON_DISTRO": "orchestrace",
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "thrift",
            },
            under=UNDER,
        )

        assert {"result": "x"} == done.said
        assert "OTEL_EXPORTER_OTLP_PROTOCOL='thrift' is no protocol" in done.log
