"""Spans of other instrumentations of the same SDKs arrive beside ours, or instead of ours, as they were recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.backends.conftest import ToldStory

pytestmark = pytest.mark.backends

GUESTS = {
    "OpenInference": "openinference.instrumentation.openai:OpenAIInstrumentor",
    "OpenTelemetry": "opentelemetry.instrumentation.genai.openai:OpenAIInstrumentor",
    "OpenLLMetry": "opentelemetry.instrumentation.openai:OpenAIInstrumentor",
}
CALLS = 3
"""To OpenAI's chat, of a run whose second draft is accepted."""


@pytest.mark.parametrize("guest", GUESTS)
class TestGuest:
    def test_is_read_back_from_jaeger(self, guest: str, tell: Callable[..., ToldStory]) -> None:
        """Whoever recorded a call: each span is in Jaeger with its scope and attributes, and is one for the call."""
        told = tell("accepted", "http/protobuf", GUESTS[guest])
        theirs = GUESTS[guest].partition(":")[0]
        chats = [span for span in told.stored.spans if span.attributes.get("gen_ai.provider.name") == "openai"]
        chats = [span for span in chats if span.attributes.get("gen_ai.operation.name") == "chat"]

        assert [] == told.stored.differences(told.recorded)
        assert CALLS == len([span.name for span in chats if span.scope.startswith(theirs)]) == len(chats)
        assert [] == [span.name for span in chats if "gen_ai.input.messages" not in span.attributes]
        assert ["job-417/上海"] * CALLS == [span.attributes.get("orchestrace.key") for span in chats]
