from __future__ import annotations

import os

import pytest
from opentelemetry.sdk.trace import SpanLimits

from orchestrace.exceptions import ConfigurationError
from orchestrace.pipeline.limits import configured_limits


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with nothing set."""
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


class TestConfiguredLimits:
    def test_attributes_are_not_counted_by_default(self) -> None:
        """The SDK's own limit drops the oldest first; the others are the SDK's."""
        limits, usual = configured_limits(), SpanLimits()

        assert limits.max_span_attributes is None
        assert (usual.max_events, usual.max_links, usual.max_attribute_length) == (
            limits.max_events,
            limits.max_links,
            limits.max_attribute_length,
        )

    @pytest.mark.parametrize("variable", ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT"])
    def test_a_variable_counts_them(self, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
        """That of spans, or the general one."""
        monkeypatch.setenv(variable, "40")

        assert 40 == configured_limits().max_span_attributes

    @pytest.mark.parametrize(
        ("variable", "field"),
        [
            ("OTEL_SPAN_EVENT_COUNT_LIMIT", "max_events"),
            ("OTEL_SPAN_LINK_COUNT_LIMIT", "max_links"),
            ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "max_event_attributes"),
            ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "max_link_attributes"),
            ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "max_attribute_length"),
            ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "max_span_attribute_length"),
        ],
    )
    def test_the_others_are_the_sdks(self, monkeypatch: pytest.MonkeyPatch, variable: str, field: str) -> None:
        """Each variable sets its limit."""
        monkeypatch.setenv(variable, "7")

        assert 7 == getattr(configured_limits(), field)

    def test_no_number_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It names the variable."""
        monkeypatch.setenv("OTEL_SPAN_EVENT_COUNT_LIMIT", "few")

        with pytest.raises(ConfigurationError, match=r"OTEL_SPAN_EVENT_COUNT_LIMIT.*few.*write a number"):
            configured_limits()
