from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from orchestrace.exceptions import ConfigurationError
from orchestrace.pipeline import providers
from orchestrace.pipeline.processor import Processor
from orchestrace.records import SpanRecord


class Kept:
    """A sink that keeps the names of what ended."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, record: SpanRecord) -> None:
        """Take no note."""

    def ended(self, record: SpanRecord) -> None:
        """Keep it."""
        self.names.append(record.name)


@pytest.fixture(autouse=True)
def _own_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the process forget afterwards what was made and joined."""
    monkeypatch.setattr(providers, "_made", [])
    monkeypatch.setattr(providers, "_joined", [])
    yield
    providers.shared.sinks = ()


class TestMake:
    def test_its_spans_pass_the_processor(self) -> None:
        """With the resource that it was given."""
        kept = Kept()
        provider = providers.make(Resource({"service.name": "shop"}), Processor([kept]))
        provider.get_tracer("test").start_span("work").end()

        assert (["work"], "shop") == (kept.names, provider.resource.attributes["service.name"])
        assert not providers.is_foreign(provider)

    def test_a_variable_that_cannot_be_read_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """At once, and not at the first span."""
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "sometimes")

        with pytest.raises(ConfigurationError, match="sometimes"):
            providers.make(Resource({}), Processor([]))


class TestJoin:
    def test_a_provider_is_joined_once(self) -> None:
        """Whoever configures twice does not have everything twice."""
        kept, provider = Kept(), TracerProvider(shutdown_on_exit=False)
        providers.shared.sinks = (kept,)
        providers.join(provider)
        providers.join(provider)
        provider.get_tracer("test").start_span("work").end()

        assert ["work"] == kept.names

    def test_a_sampler_that_drops_is_told(self, caplog: pytest.LogCaptureFixture) -> None:
        """The program's own one rules; what it drops nobody can record."""
        with caplog.at_level(logging.WARNING, "orchestrace"):
            providers.join(TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False))

        assert "AlwaysOffSampler" in caplog.text


class TestForeign:
    @pytest.mark.parametrize(
        ("provider", "foreign"),
        [(TracerProvider(shutdown_on_exit=False), True), (trace.ProxyTracerProvider(), False)],
    )
    def test_is_what_the_program_has_set(self, provider: Any, foreign: bool) -> None:  # noqa: FBT001 - a fact
        """The API's own one stands for none."""
        assert foreign is providers.is_foreign(provider)

    def test_one_that_takes_no_processor_is_told(self, caplog: pytest.LogCaptureFixture) -> None:
        """Our spans need another then; nobody is told of one that is joined."""
        with caplog.at_level(logging.WARNING, "orchestrace"):
            joins = not providers.takes_no_processor(TracerProvider(shutdown_on_exit=False))
            assert (True, "") == (joins, caplog.text)

            assert providers.takes_no_processor(trace.NoOpTracerProvider())
        assert "NoOpTracerProvider" in caplog.text
