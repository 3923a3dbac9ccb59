from __future__ import annotations

import pytest
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    Decision,
    ParentBased,
    ParentBasedTraceIdRatio,
    Sampler,
    TraceIdRatioBased,
)
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState, set_span_in_context

import orchestrace
from orchestrace.conventions import OUTCOME_NAME, SCHEMA
from orchestrace.exceptions import ConfigurationError
from orchestrace.pipeline.sampler import KeepRuns, configured_sampler, is_always_on
from orchestrace.testing import Spans

OURS = {SCHEMA: "1", "a": "b"}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with nothing set."""
    monkeypatch.delenv("OTEL_TRACES_SAMPLER", raising=False)
    monkeypatch.delenv("OTEL_TRACES_SAMPLER_ARG", raising=False)


class TestKeepRuns:
    def test_our_spans_are_recorded_where_they_would_be_dropped(self) -> None:
        """They keep their attributes, and the trace's state that came with the parent."""
        parent = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(0), trace_state=TraceState([("k", "v")]))
        around = set_span_in_context(NonRecordingSpan(parent))
        kept = KeepRuns(DEFAULT_ON).should_sample(around, 1, "run", attributes=OURS)

        assert (Decision.RECORD_ONLY, OURS) == (kept.decision, dict(kept.attributes or {}))
        assert "v" == (kept.trace_state or {}).get("k")

    def test_others_are_dropped_as_they_were(self) -> None:
        """Outside of runs nothing is different."""
        assert Decision.DROP is KeepRuns(ALWAYS_OFF).should_sample(None, 1, "GET /").decision

    def test_others_inside_of_a_run_are_recorded(self, orchestrace_spans: Spans) -> None:
        """A retrieval or a query belongs to the run's record."""
        found = []

        @orchestrace.agent
        def craft() -> None:
            found.append(KeepRuns(ALWAYS_OFF).should_sample(None, 1, "SELECT").decision)

        craft()

        assert [Decision.RECORD_ONLY] == found

    def test_what_is_sampled_is_sampled(self) -> None:
        """The sampler's own result is passed on."""
        assert Decision.RECORD_AND_SAMPLE is KeepRuns(ALWAYS_ON).should_sample(None, 1, "run", attributes=OURS).decision

    @pytest.mark.parametrize(
        ("inner", "decision"),
        [
            (TraceIdRatioBased(0), Decision.RECORD_AND_SAMPLE),
            (ALWAYS_OFF, Decision.RECORD_ONLY),
            (DEFAULT_OFF, Decision.RECORD_ONLY),
        ],
    )
    def test_an_outcome_that_stands_alone_is_not_left_to_chance(self, inner: Sampler, decision: Decision) -> None:
        """Which run it belongs to is found later; where nothing is to be sent, it is not."""
        said = OURS | {OUTCOME_NAME: "replied"}

        assert decision is KeepRuns(inner).should_sample(None, 2**127, "outcome replied", attributes=said).decision

    def test_an_outcome_of_a_run_goes_where_the_run_went(self) -> None:
        """As its parent's flag says."""
        parent = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(0))
        around, said = set_span_in_context(NonRecordingSpan(parent)), OURS | {OUTCOME_NAME: "replied"}

        assert Decision.RECORD_ONLY is KeepRuns(DEFAULT_ON).should_sample(around, 1, "o", attributes=said).decision

    def test_it_says_what_it_is(self) -> None:
        """Whoever asks the provider sees the sampler that was configured."""
        assert "KeepRuns{AlwaysOffSampler}" == KeepRuns(ALWAYS_OFF).get_description()


class TestConfiguredSampler:
    @pytest.mark.parametrize(
        ("name", "argument", "description"),
        [
            ("", "", "ParentBased{root:AlwaysOnSampler"),
            ("always_on", "", "AlwaysOnSampler"),
            ("ALWAYS_OFF", "", "AlwaysOffSampler"),
            ("parentbased_always_on", "", "ParentBased{root:AlwaysOnSampler"),
            ("parentbased_always_off", "", "ParentBased{root:AlwaysOffSampler"),
            ("traceidratio", "0.25", "TraceIdRatioBased{0.25}"),
            ("parentbased_traceidratio", "", "ParentBased{root:TraceIdRatioBased{1.0}"),
        ],
    )
    def test_variables_are_obeyed(
        self, monkeypatch: pytest.MonkeyPatch, name: str, argument: str, description: str
    ) -> None:
        """Each of OpenTelemetry's names, in any case; an empty variable is an unset one."""
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", name)
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", argument)

        assert configured_sampler().get_description().startswith(description)

    def test_another_packages_sampler_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """By its entry point; the SDK brings its own names as such, too."""
        monkeypatch.setattr("orchestrace.pipeline.sampler._FIXED", {})
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")

        assert "AlwaysOffSampler" == configured_sampler().get_description()

    def test_an_unknown_name_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It names those that are known."""
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "sometimes")

        with pytest.raises(ConfigurationError, match=r"OTEL_TRACES_SAMPLER='sometimes'.*always_off, always_on"):
            configured_sampler()

    @pytest.mark.parametrize("said", ["half", "2", "-0.1", "nan"])
    def test_no_ratio_is_an_error(self, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
        """It says what to write."""
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", said)

        with pytest.raises(ConfigurationError, match=rf"OTEL_TRACES_SAMPLER_ARG='{said}'.*from 0 to 1"):
            configured_sampler()

    def test_what_its_package_refuses_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With its own words."""
        monkeypatch.setattr("orchestrace.pipeline.sampler._BY_RATIO", {})
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "half")

        with pytest.raises(ConfigurationError, match="'traceidratio' cannot be made of OTEL_TRACES_SAMPLER_ARG='half'"):
            configured_sampler()


class TestIsAlwaysOn:
    def test_tells_those_that_keep_everything(self) -> None:
        """Alone, or below a parent's decision; a sampler that does not say is trusted."""
        found = [is_always_on(sampler) for sampler in (ALWAYS_ON, DEFAULT_ON, ParentBased(ALWAYS_ON), None)]

        assert [True] * 4 == found

    def test_and_those_that_drop(self) -> None:
        """Some, or all."""
        found = [
            is_always_on(sampler)
            for sampler in (ALWAYS_OFF, ParentBased(ALWAYS_OFF), TraceIdRatioBased(0.5), ParentBasedTraceIdRatio(0.5))
        ]

        assert [False] * 4 == found
