from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.context import Context

from orchestrace import conventions as names
from orchestrace.recording.measuring.instruments import METRICS, Instruments

if TYPE_CHECKING:
    from tests.recording.conftest import Measured

SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
AGENT = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6)
WORKFLOW = (1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
CALLS = (1, 2, 4, 8, 16, 32, 64, 128)

CONVENTIONS = {
    "gen_ai.client.inference.duration": ("s", SECONDS),
    "gen_ai.client.inference.time_to_first_chunk": ("s", SECONDS),
    "gen_ai.client.inference.time_per_output_chunk": ("s", SECONDS),
    "gen_ai.client.inference.usage.input_tokens": ("{token}", ()),
    "gen_ai.client.inference.usage.output_tokens": ("{token}", ()),
    "gen_ai.client.inference.usage.cache_read.input_tokens": ("{token}", ()),
    "gen_ai.client.inference.usage.cache_write.input_tokens": ("{token}", ()),
    "gen_ai.client.inference.usage.reasoning.output_tokens": ("{token}", ()),
    "gen_ai.client.inference.operation.input_tokens": ("{token}", TOKENS),
    "gen_ai.client.inference.operation.output_tokens": ("{token}", TOKENS),
    "gen_ai.client.operation.duration": ("s", SECONDS),
    "gen_ai.invoke_agent.duration": ("s", AGENT),
    "gen_ai.invoke_agent.inference_calls": ("{inference_call}", CALLS),
    "gen_ai.invoke_agent.tool_calls": ("{tool_call}", CALLS),
    "gen_ai.invoke_workflow.duration": ("s", WORKFLOW),
    "gen_ai.execute_tool.duration": ("s", SECONDS),
    "gen_ai.client.token.usage": ("{token}", TOKENS),
    "gen_ai.client.operation.time_to_first_chunk": ("s", SECONDS),
    "gen_ai.client.operation.time_per_output_chunk": ("s", SECONDS),
}
"""What the documents say, written out."""

RELEASED = {
    "gen_ai.client.token.usage",
    "gen_ai.client.operation.time_to_first_chunk",
    "gen_ai.client.operation.time_per_output_chunk",
}
"""Those that are gone since."""


class Older:
    """A meter from before there was advice about buckets."""

    def get_meter(self, *_: Any) -> Older:
        return self

    def create_histogram(self, name: str, unit: str, description: str) -> Older:
        self.made = name, unit, description
        return self

    def record(self, amount: float, *_: Any) -> None:
        self.recorded = amount


class TestMetrics:
    @pytest.mark.parametrize("name", CONVENTIONS)
    def test_are_as_the_conventions_have_them(self, name: str) -> None:
        """Unit and buckets are those of the documents; a metric without buckets is a counter."""
        unit, buckets = CONVENTIONS[name]

        assert (unit, pytest.approx(buckets)) == (METRICS[name].unit, METRICS[name].buckets)

    def test_the_documentation_has_each(self) -> None:
        """With its instrument and unit."""
        text = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text(encoding="utf-8")
        listed = re.findall(r"^\| `([a-z_.]+)` \| (histogram|counter), (\S+) \|", text, re.MULTILINE)
        kinds = {
            (name, "histogram" if metric.buckets else "counter", metric.unit)
            for name, metric in METRICS.items()
            if name not in RELEASED
        }

        assert kinds == set(listed)
        assert not [name for name in RELEASED if f"`{name}`" not in text]

    def test_no_other_has_their_prefix(self) -> None:
        """What we measure beyond the conventions is called ours."""
        own = ("invocations", "invocation.iterations", "evaluation.score", "outcomes")
        ours = {f"orchestrace.{name}" for name in own}

        assert ours | CONVENTIONS.keys() == METRICS.keys()


class TestInstruments:
    @pytest.mark.parametrize("name", METRICS)
    def test_each_is_made_with_its_unit_and_buckets(self, measured: Measured, name: str) -> None:
        """An SDK takes the advice."""
        Instruments(measured.provider).measure(name, 1, {"a": "b"}, Context())

        metric, [point] = measured.metrics[name], measured.points(name)
        buckets = tuple(getattr(point, "explicit_bounds", ()))
        assert (METRICS[name].unit, METRICS[name].buckets) == (metric.unit, buckets)

    def test_an_api_without_advice_gets_a_plain_histogram(self) -> None:
        """The buckets are then the SDK's own."""
        provider: Any = Older()

        Instruments(provider).measure(names.INFERENCE_DURATION, 2.5, {}, Context())

        assert ((names.INFERENCE_DURATION, "s"), 2.5) == (provider.made[:2], provider.recorded)
