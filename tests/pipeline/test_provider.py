from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits

from orchestrace.pipeline import provider as providing
from orchestrace.pipeline.fence import Fence
from orchestrace.pipeline.provider import Provider
from orchestrace.pipeline.tracer import Tracer
from orchestrace.recording.tracer import SCOPE

NONE = SpanLimits.UNSET


def made(limits: SpanLimits | None = None, processor: Any = None) -> Provider:
    """Return a provider, by default without limits."""
    return Provider(
        resource=Resource({"service.name": "shop"}),
        shutdown_on_exit=False,
        active_span_processor=Fence() if processor is None else processor,
        span_limits=SpanLimits(max_span_attributes=NONE) if limits is None else limits,
    )


class TestProvider:
    def test_the_installed_sdk_is_known(self) -> None:
        """Our own scope has a tracer of ours, which is the same for whoever asks the SDK twice."""
        provider = made()
        tracer = provider.get_tracer(SCOPE, "1")

        assert (Tracer, "1") == (type(tracer), getattr(tracer, "scope_version", None))
        assert type(provider.get_tracer(SCOPE, "1")) is Tracer

    def test_every_other_scope_has_the_sdk_s_own(self) -> None:
        """Nobody else is touched."""
        assert type(made().get_tracer("elsewhere")) is sdk.Tracer

    @pytest.mark.parametrize(
        "limits",
        [SpanLimits(), SpanLimits(max_span_attributes=NONE, max_span_attribute_length=9)],
        ids=["count", "length"],
    )
    def test_limits_are_left_to_the_sdk(self, limits: SpanLimits) -> None:
        """It knows which attribute goes first."""
        assert type(made(limits).get_tracer(SCOPE)) is sdk.Tracer

    def test_so_are_processors_without_a_fence(self) -> None:
        """Nobody says then who else is there."""
        provider = made(processor=sdk.SynchronousMultiSpanProcessor())

        assert type(provider.get_tracer(SCOPE)) is sdk.Tracer

    @pytest.mark.skipif(not find_spec("opentelemetry.sdk.trace._tracer_metrics"), reason="older ones do not")
    def test_so_is_an_sdk_that_counts_its_spans(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ours would be missing."""
        monkeypatch.setenv("OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "true")

        assert type(made().get_tracer(SCOPE)) is sdk.Tracer

    @pytest.mark.parametrize("what", ["_SPAN", "_TRACER"])
    def test_so_is_an_sdk_that_is_not_known(self, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its spans have more than ours, or its tracers less."""
        known = {"_SPAN": frozenset({"_name"}), "_TRACER": frozenset({"none such"})}
        monkeypatch.setattr(providing, what, known[what])
        providing._is_known.cache_clear()
        try:
            assert type(made().get_tracer(SCOPE)) is sdk.Tracer
        finally:
            providing._is_known.cache_clear()

    def test_one_that_is_switched_off_makes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As OpenTelemetry's variable says."""
        monkeypatch.setenv("OTEL_SDK_DISABLED", "true")

        assert not made().get_tracer(SCOPE).start_span("one").is_recording()

    def test_its_spans_have_its_resource(self) -> None:
        """Also one that the SDK has changed since, as it does in a forked child."""
        provider = made()
        tracer: Any = provider.get_tracer(SCOPE)
        before = tracer.start_span("one").resource
        tracer.resource = Resource({"service.name": "child"})
        after = tracer.start_span("two").resource

        assert ["shop", "child"] == [one.attributes["service.name"] for one in (before, after)]
