from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from orchestrace import conventions as names
from orchestrace.recording import content, events

if TYPE_CHECKING:
    from tests.recording.conftest import Heard

SPAN = NonRecordingSpan(SpanContext(7, 8, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)))


class TestEmit:
    def test_is_a_log_record_in_the_span_s_context(self, heard: Heard) -> None:
        """Whatever is current: with its name, time, severity, and structured attributes, from our scope."""
        said = {"who": [{"role": "user", "parts": [{"n": 1, "nothing": None}]}]}

        events.emit("an.event", said, SPAN, severity=events.WARN, at=123)

        [emitted] = heard.records
        record = emitted.log_record
        assert ("an.event", 7, 8, 1, 123) == (
            record.event_name,
            record.trace_id,
            record.span_id,
            record.trace_flags,
            record.timestamp,
        )
        assert record.severity_number is not None
        assert (13, "WARN") == (record.severity_number.value, record.severity_text)
        assert said == {"who": [dict(one, parts=[dict(p) for p in one["parts"]]) for one in record.attributes["who"]]}
        scope = emitted.instrumentation_scope
        assert scope is not None
        assert ("orchestrace", names.SCHEMA_URL) == (scope.name, scope.schema_url)

    def test_without_a_provider_nothing_is_made(self) -> None:
        """It is not an error, either."""
        events.emit("an.event", {}, SPAN, severity=events.INFO, at=1)

        assert events.is_silent()

    def test_a_provider_that_does_nothing_is_none(self) -> None:
        """It is how events are kept from everybody."""
        events.use(NoOpLoggerProvider())
        try:
            assert events.is_silent()
        finally:
            events.use(None)


class TestMaySay:
    @pytest.mark.parametrize(
        ("variable", "recorded", "may"),
        [
            ("", True, True),
            ("", False, False),
            ("span_only", True, False),
            ("no_content", False, False),
            ("event_only", False, True),
            ("SPAN_AND_EVENT", True, True),
        ],
    )
    def test_words_go_where_the_variable_says(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, *, recorded: bool, may: bool
    ) -> None:
        """Unset, they go where those of the span go."""
        monkeypatch.setenv(content.VARIABLE, variable)

        assert may is events.may_say(recorded=recorded)
