from __future__ import annotations

import pytest

from orchestrace.exceptions import ConfigurationError
from orchestrace.export.setting import Setting, is_switched_off, named_protocol, prints, sends, setting
from orchestrace.export.signal import LOGS, METRICS, SIGNALS, TRACES, Signal


class TestSetting:
    def test_an_argument_goes_first_then_the_signals_then_the_general_variable(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each names where it was said."""
        assert setting(TRACES, "HEADERS") is None
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "general")
        assert Setting("general", "OTEL_EXPORTER_OTLP_HEADERS") == setting(TRACES, "HEADERS")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "own")
        assert Setting("own", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", own=True) == setting(TRACES, "HEADERS")
        assert Setting("said", "headers", explicit=True) == setting(TRACES, "HEADERS", "said")
        assert "general" == getattr(setting(LOGS, "HEADERS"), "value", None)

    @pytest.mark.parametrize("empty", ["", "  "])
    def test_an_empty_variable_is_an_unset_one(self, empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Compose files pass variables on that nobody set."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", empty)
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", empty)

        assert (None, True) == (setting(TRACES, "ENDPOINT", empty.strip()), sends(TRACES))


class TestWords:
    @pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
    def test_otlp_is_the_default(self, signal: Signal) -> None:
        """As OpenTelemetry has it."""
        assert sends(signal)

    @pytest.mark.parametrize(
        ("said", "otlp", "console", "off"),
        [
            ("otlp", True, False, False),
            ("OTLP, otlp,", True, False, False),
            ("console", False, True, False),
            ("otlp, Console", True, True, False),
            ("none", False, False, True),
            (" None ,none", False, False, True),
        ],
    )
    def test_say_what_becomes_of_spans(
        self,
        said: str,
        otlp: bool,  # noqa: FBT001 - parameters of the test
        console: bool,  # noqa: FBT001
        off: bool,  # noqa: FBT001
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Sent, printed, both, or nothing at all."""
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", said)

        assert (otlp, console, off) == (sends(TRACES), prints(), is_switched_off())

    @pytest.mark.parametrize(("word", "protocol"), [("otlp_proto_grpc", "grpc"), ("otlp_proto_http", "http/protobuf")])
    def test_can_name_the_protocol(self, word: str, protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """As OpenTelemetry for Python has it."""
        monkeypatch.setenv("OTEL_LOGS_EXPORTER", word)

        assert (True, protocol, None) == (sends(LOGS), named_protocol(LOGS), named_protocol(TRACES))

    @pytest.mark.parametrize("said", ["zipkin", "otlp,none", "none,console", "otlp,jaeger"])
    def test_others_are_an_error(self, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """What cannot be followed is said at once, with what can."""
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", said)

        with pytest.raises(
            ConfigurationError, match=rf"OTEL_TRACES_EXPORTER='{said}'.*console, otlp, .*, or none alone"
        ):
            sends(TRACES)

    def test_exporters_that_are_not_ours_may_stand_beside_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A program's own Prometheus is none of our business."""
        monkeypatch.setenv("OTEL_METRICS_EXPORTER", "prometheus")
        assert not sends(METRICS)
        monkeypatch.setenv("OTEL_METRICS_EXPORTER", "prometheus,otlp")
        assert sends(METRICS)
