from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import orchestrace
from orchestrace.messages import Usage
from orchestrace.recording import content, details
from orchestrace.testing import Spans

if TYPE_CHECKING:
    from tests.recording.conftest import Heard

NAME = "gen_ai.client.inference.operation.details"


def told(heard: Heard) -> list[dict[str, Any]]:
    """Return the attributes of each such event."""
    return [dict(record.attributes) for record in heard.events(NAME)]


def ask() -> None:
    """Call a model."""
    with orchestrace.agent(name="A", session="s-1"), orchestrace.llm_call("m", "openai") as call:
        call.request([{"role": "user", "content": "hi"}], temperature=0.5)
        call.response("ho", usage=Usage(3, 1), finish_reasons=["stop"])


class TestWanted:
    @pytest.mark.parametrize(
        ("capture", "emit", "wanted"),
        [
            ("", "", False),
            ("span_only", "", False),
            ("event_only", "", True),
            ("span_and_event", "", True),
            ("span_and_event", "false", False),
            ("no_content", "true", True),
            ("", "TRUE", True),
        ],
    )
    def test_is_opt_in(
        self,
        heard: Heard,
        monkeypatch: pytest.MonkeyPatch,
        capture: str,
        emit: str,
        *,
        wanted: bool,
    ) -> None:
        """By OpenTelemetry's two variables: where content is to stand on events, or the event itself is asked for."""
        monkeypatch.setenv(content.VARIABLE, capture)
        monkeypatch.setenv(details.EMIT_VARIABLE, emit)

        assert wanted is (details.wanted() is not None)

    def test_nobody_wants_what_nobody_hears(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a logger provider nothing is collected."""
        monkeypatch.setenv(content.VARIABLE, "event_only")

        assert details.wanted() is None


class TestDetails:
    def test_say_all_that_the_span_says(
        self, heard: Heard, orchestrace_spans: Spans, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The messages structured, not as JSON text."""
        monkeypatch.setenv(content.VARIABLE, "span_and_event")

        ask()

        [event] = told(heard)
        span = orchestrace_spans.attributes("chat m")
        ours = {"orchestrace.schema.version", "orchestrace.ending"}
        assert span.keys() - ours == event.keys()
        assert "hi" == event["gen_ai.input.messages"][0]["parts"][0]["content"]
        assert "ho" == event["gen_ai.output.messages"][0]["parts"][0]["content"]
        assert ("A", "stop", 3) == (
            event["gen_ai.agent.name"],
            event["gen_ai.response.finish_reasons"][0],
            event["gen_ai.usage.input_tokens"],
        )

    def test_may_have_words_that_the_span_has_not(
        self, heard: Heard, orchestrace_spans: Spans, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`event_only` keeps content off spans, whose backend is somebody else's."""
        monkeypatch.setenv(content.VARIABLE, "event_only")

        ask()

        assert "gen_ai.input.messages" in told(heard)[0]
        assert "gen_ai.input.messages" not in orchestrace_spans.attributes("chat m")

    @pytest.mark.parametrize("capture", ["", "span_only", "no_content"])
    def test_have_no_words_unless_events_may(
        self,
        heard: Heard,
        orchestrace_spans: Spans,
        monkeypatch: pytest.MonkeyPatch,
        capture: str,
    ) -> None:
        """Asked for by the other variable alone, the event says names, numbers and times."""
        monkeypatch.setenv(content.VARIABLE, capture)
        monkeypatch.setenv(details.EMIT_VARIABLE, "true")

        ask()

        [event] = told(heard)
        assert not {"gen_ai.input.messages", "gen_ai.output.messages", "orchestrace.request.parameters"} & event.keys()
        assert "openai" == event["gen_ai.provider.name"]

    def test_a_failure_says_which(
        self, heard: Heard, orchestrace_spans: Spans, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As the span does."""
        monkeypatch.setenv(content.VARIABLE, "event_only")

        with pytest.raises(KeyError), orchestrace.llm_call("m", "openai"):
            raise KeyError

        assert "KeyError" == told(heard)[0]["error.type"]
