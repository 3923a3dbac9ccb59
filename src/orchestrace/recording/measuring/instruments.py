"""
The metrics, each with its instrument, unit and buckets.

Those of the conventions are as their repository's main branch has them (gen-ai metrics.yaml, token-metrics.yaml
@066d4a7; buckets docs/gen-ai @ac48b1f), those that are gone since as core 1.41.1 had them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import Context

from orchestrace import conventions as names
from orchestrace.recording.tracer import SCOPE, version
from orchestrace.typing import Attributes

if TYPE_CHECKING:
    from opentelemetry.metrics import Histogram, Meter, MeterProvider

__all__ = ["METRICS", "Instruments", "Metric"]

_CALL_SECONDS: Final = tuple(0.01 * 2**n for n in range(14))
_AGENT_SECONDS: Final = tuple(0.1 * 2**n for n in range(13))
_WORKFLOW_SECONDS: Final = (1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
_TOKENS: Final = tuple(4**n for n in range(14))
_CALLS: Final = tuple(2**n for n in range(8))
_ITERATIONS: Final = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 50)
_SCORES: Final = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 25, 50, 75, 100)
"""The scales in use: from 0 to 1, to 5, to 10, to 100."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: a histogram if it has `buckets`, else a counter."""

    unit: str
    description: str
    buckets: tuple[float, ...] = ()


METRICS: Final[dict[str, Metric]] = {
    # -- a model call -------------------------------------------------------------------------------------------------
    names.INFERENCE_DURATION: Metric("s", "Duration of a model call, its retries included.", _CALL_SECONDS),
    names.TIME_TO_FIRST_CHUNK: Metric("s", "Time from the request to the first chunk of the answer.", _CALL_SECONDS),
    names.TIME_PER_OUTPUT_CHUNK: Metric("s", "Time from one chunk of the answer to the next.", _CALL_SECONDS),
    names.INFERENCE_USAGE_INPUT: Metric("{token}", "Input tokens used, cached ones included."),
    names.INFERENCE_USAGE_OUTPUT: Metric("{token}", "Output tokens used, those of reasoning included."),
    names.INFERENCE_USAGE_CACHE_READ: Metric("{token}", "Input tokens read from a cache."),
    names.INFERENCE_USAGE_CACHE_WRITE: Metric("{token}", "Input tokens written to a cache."),
    names.INFERENCE_USAGE_REASONING: Metric("{token}", "Output tokens spent on reasoning."),
    names.INFERENCE_INPUT_TOKENS: Metric("{token}", "Input tokens of one model call.", _TOKENS),
    names.INFERENCE_OUTPUT_TOKENS: Metric("{token}", "Output tokens of one model call.", _TOKENS),
    names.OPERATION_DURATION: Metric("s", "Duration of an operation of a model's client.", _CALL_SECONDS),
    # -- agents, tools, workflows -------------------------------------------------------------------------------------
    names.INVOKE_AGENT_DURATION: Metric("s", "Duration of an agent's run.", _AGENT_SECONDS),
    names.INVOKE_AGENT_INFERENCE_CALLS: Metric("{inference_call}", "Model calls of an agent's run.", _CALLS),
    names.INVOKE_AGENT_TOOL_CALLS: Metric("{tool_call}", "Executions of tools in an agent's run.", _CALLS),
    names.INVOKE_WORKFLOW_DURATION: Metric("s", "Duration of a workflow's run.", _WORKFLOW_SECONDS),
    names.EXECUTE_TOOL_DURATION: Metric("s", "Duration of a tool's execution.", _CALL_SECONDS),
    names.INVOCATIONS: Metric("{invocation}", "Runs of agents, by how they ended."),
    names.INVOCATION_ITERATIONS: Metric("{iteration}", "Iterations of an agent's run.", _ITERATIONS),
    names.EVALUATION_SCORES: Metric("1", "Scores that evaluators gave, on their own scales.", _SCORES),
    names.OUTCOMES: Metric("{outcome}", "Outcomes of runs that were reported."),
    # -- core 1.41.1 --------------------------------------------------------------------------------------------------
    names.USAGE_OF_TOKENS: Metric("{token}", "Input and output tokens used.", _TOKENS),
    names.OPERATION_TIME_TO_FIRST_CHUNK: Metric("s", "Time to the first chunk of the answer.", _CALL_SECONDS),
    names.OPERATION_TIME_PER_OUTPUT_CHUNK: Metric("s", "Time from chunk to chunk of the answer.", _CALL_SECONDS),
}


class Instruments:
    """The instruments of one meter provider, each made when something is measured with it."""

    def __init__(self, provider: MeterProvider) -> None:
        self._meter = provider.get_meter(SCOPE, version(), names.SCHEMA_URL)
        self._made: dict[str, Any] = {}

    def measure(self, name: str, amount: float, attributes: Attributes, context: Context) -> None:
        """Count, or record, an amount; a sampled span in `context` may become its exemplar."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._make(name)
        made(amount, attributes, context)

    def _make(self, name: str) -> Any:  # noqa: ANN401 - `add` or `record` of an instrument
        metric = METRICS[name]
        if not metric.buckets:
            return self._meter.create_counter(name, metric.unit, metric.description).add
        return _histogram(self._meter, name, metric).record


def _histogram(meter: Meter, name: str, metric: Metric) -> Histogram:
    try:
        return meter.create_histogram(
            name, metric.unit, metric.description, explicit_bucket_boundaries_advisory=list(metric.buckets)
        )
    except TypeError:  # an implementation of the API from before there was advice
        return meter.create_histogram(name, metric.unit, metric.description)
