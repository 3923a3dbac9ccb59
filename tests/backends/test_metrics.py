"""What a Prometheus fetches from the collector: what was measured, under the names that the rule gives."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.backends.conftest import Collector, Tables, ToldStory

pytestmark = pytest.mark.backends

STORIES = ("accepted", "rejected", "refused")
UNITS = {"s": "_seconds"}
KINDS = {"counter": "counter", "histogram": "histogram", "up-down counter": "gauge"}
ROW = re.compile(r"^\| (?P<names>`[^|]*`) \| (?P<kind>[a-z-]+(?: counter)?), (?P<unit>\S+) \|", re.MULTILINE)
FAMILY = re.compile(r"^# TYPE (?P<name>\w+) (?P<kind>\w+)$", re.MULTILINE)
SAMPLE = re.compile(r"^(?P<name>\w+)\{(?P<labels>.*)\} (?P<value>\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Metric:
    """A metric as docs/metrics.md has it."""

    name: str
    kind: str
    unit: str

    @property
    def exposed(self) -> str:
        """
        The name that a Prometheus sees.

        Dots become underscores. A unit is added; one in braces is not, nor is that of a ratio, unless it is a gauge's.
        A counter ends in `_total`.
        """
        ending = "_total" if self.kind == "counter" else ""
        return self.name.replace(".", "_") + UNITS.get(self.unit, "") + ending


@dataclass(frozen=True)
class Sample:
    """One value that was fetched."""

    name: str
    labels: dict[str, str]
    value: float


@pytest.fixture(scope="module")
def documented(root: Path) -> dict[str, Metric]:
    """Return the metrics of docs/metrics.md by the names that they have for a Prometheus."""
    page = (root / "docs" / "metrics.md").read_text(encoding="utf-8").partition("## Events")[0]
    rows = [(name, found) for found in ROW.finditer(page) for name in re.findall(r"`([^`]+)`", found["names"])]
    metrics = [Metric(name, found["kind"], found["unit"]) for name, found in rows]
    return {metric.exposed: metric for metric in metrics}


@pytest.fixture(scope="module")
def told(tell: Callable[..., ToldStory], protocol: str) -> list[ToldStory]:
    """Run every story in front of the collector."""
    return [tell(story, protocol) for story in STORIES]


@pytest.fixture(scope="module")
def fetched(told: list[ToldStory], collector: Collector) -> str:
    """Return what the collector has then: a program has sent its metrics when it has ended."""
    return collector.scrape()


def samples(fetched: str, told: list[ToldStory]) -> Iterator[Sample]:
    """Return the values that these programs measured."""
    instances = {str(resource["service.instance.id"]) for one in told for resource in one.stored.resources}
    for found in SAMPLE.finditer(fetched):
        labels = dict(LABEL.findall(found["labels"]))
        if labels.get("instance") in instances:
            yield Sample(found["name"], labels, float(found["value"]))


class TestPrometheus:
    def test_has_names_by_the_rule(self, fetched: str, documented: dict[str, Metric], tables: Tables) -> None:
        """Every family is a metric of docs/metrics.md, of its kind, and under the name that follows from its own."""
        families = {found["name"]: found["kind"] for found in FAMILY.finditer(fetched)}
        assert "gauge" == families.pop("target_info")
        assert {name: KINDS[documented[name].kind] for name in families} == families
        for name, kind in sorted(families.items()):
            metric = documented[name]
            parts = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
            exposed = ", ".join(f"`{name}{part}`" for part in parts)
            row = {"metric": f"`{metric.name}`", "unit": metric.unit, "kind": metric.kind, "for a Prometheus": exposed}
            tables.add("Metrics", row)

    def test_has_those_that_dashboards_need(self, fetched: str) -> None:
        """Calls, tokens, agents, tools, verdicts, and whether spans were lost."""
        wanted = {
            "gen_ai_client_inference_duration_seconds",
            "gen_ai_client_inference_time_to_first_chunk_seconds",
            "gen_ai_client_inference_usage_input_tokens_total",
            "gen_ai_client_inference_usage_output_tokens_total",
            "gen_ai_invoke_agent_duration_seconds",
            "gen_ai_execute_tool_duration_seconds",
            "orchestrace_invocations_total",
            "orchestrace_invocation_iterations",
            "orchestrace_evaluation_score",
            "orchestrace_spans_ended_total",
        }

        assert wanted <= {found["name"] for found in FAMILY.finditer(fetched)}

    def test_has_the_values_of_the_spans(self, fetched: str, told: list[ToldStory]) -> None:
        """Tokens and runs are as many as the spans have; the name of the service is the job's."""
        totals: dict[str, float] = defaultdict(float)
        for sample in samples(fetched, told):
            assert "sourcing" == sample.labels["job"]
            totals[sample.name] += sample.value
        chats = [
            span.attributes
            for one in told
            for span in one.stored.spans
            if span.attributes.get("gen_ai.operation.name") == "chat"
        ]
        for name in ("input_tokens", "output_tokens"):
            used = sum(int(attributes.get(f"gen_ai.usage.{name}", 0)) for attributes in chats)
            assert used == totals[f"gen_ai_client_inference_usage_{name}_total"]
        assert len(chats) == totals["gen_ai_client_inference_duration_seconds_count"]
        assert len(STORIES) == totals["orchestrace_invocations_total"]

    def test_tells_runs_apart(self, fetched: str, told: list[ToldStory]) -> None:
        """How many were accepted, were not, or failed, is in the labels."""
        runs = [sample.labels for sample in samples(fetched, told) if sample.name == "orchestrace_invocations_total"]
        reasons = {
            (labels["orchestrace_stop_reason"], labels["orchestrace_accepted"], labels["orchestrace_ending"])
            for labels in runs
        }

        assert {
            ("accepted", "true", "returned"),
            ("limit", "false", "returned"),
            ("error", "false", "error"),
        } == reasons

    def test_has_no_content(self, fetched: str) -> None:
        """No key, user or text is in any label."""
        assert [] == [word for word in ("job-417", "李雷", "Ångström", "hereby") if word in fetched]
