from __future__ import annotations

import pytest

from orchestrace.doctor.finding import PROBLEM, WARNING
from orchestrace.doctor.setting import check
from orchestrace.settings import Settings

RECEIVER = "OTEL_EXPORTER_OTLP_ENDPOINT"


def said(settings: Settings | None = None) -> list[str]:
    """Return what is found."""
    return [one.what for one in check(settings or Settings())]


class TestCheck:
    def test_says_where_each_setting_comes_from(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An argument, a variable, a signal's own variable, nobody."""
        monkeypatch.setenv(RECEIVER, "http://receiver:4318")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://metrics:4318/v1/metrics")
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp_proto_grpc")
        found = said(Settings(service_name="sourcing"))

        assert {
            "service sourcing (service_name=)",
            f"endpoint http://receiver:4318 ({RECEIVER})",
            "endpoint of metrics http://metrics:4318/v1/metrics (OTEL_EXPORTER_OTLP_METRICS_ENDPOINT)",
            "protocol grpc (OTEL_TRACES_EXPORTER)",
            "timeout 10 (default)",
        } <= set(found)
        assert "endpoint http://other:4318 (endpoint=)" in said(Settings(endpoint="http://other:4318"))

    def test_shows_no_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of headers the names, of an endpoint neither credentials nor its query."""
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hidden,authorization=Bearer hidden")
        monkeypatch.setenv(RECEIVER, "https://user:hidden@receiver/base?key=hidden")
        found = said(Settings(headers={"x-other": "hidden"}))

        assert "headers authorization, x-key (OTEL_EXPORTER_OTLP_HEADERS)" in found
        assert "headers x-other (headers=)" in found
        assert not any("hidden" in one for one in found)

    @pytest.mark.parametrize(
        ("variable", "value", "what", "state"),
        [
            ("ORCHESTRACE_DISABLED", "true", "everything is switched off", PROBLEM),
            ("OTEL_TRACES_EXPORTER", "none", "no traces are sent", WARNING),
            ("ORCHESTRACE_JOURNAL_MAX_AGE", "soon", "a setting cannot be followed", PROBLEM),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "a setting cannot be followed", PROBLEM),
        ],
    )
    def test_says_what_cannot_be_meant(
        self, variable: str, value: str, what: str, state: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With the variable that says it."""
        monkeypatch.setenv(RECEIVER, "http://receiver:4318")
        monkeypatch.setenv(variable, value)
        [finding] = [one for one in check(Settings()) if one.what == what]

        assert (state, True) == (finding.state, variable in finding.why)

    def test_no_receiver(self) -> None:
        """That may be meant: the journal has everything."""
        assert "no traces are sent" in said()
