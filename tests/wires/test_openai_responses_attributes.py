from __future__ import annotations

from typing import Any

import pytest

from orchestrace.conventions import (
    CONVERSATION_COMPACTED,
    CONVERSATION_ID,
    OPENAI_RESPONSE_SERVICE_TIER,
    RESPONSE_STATUS,
)
from orchestrace.wires.openai_responses_attributes import (
    conversation_of,
    fetch_attributes,
    request_attributes,
    response_attributes,
)


class TestRequest:
    def test_says_which_api_it_is(self) -> None:
        """A request that asks for nothing special says no more than that."""
        assert {"openai.api.type": "responses"} == request_attributes({"model": "m", "input": "hi", "stream": False})

    def test_what_was_compacted_is_marked(self) -> None:
        """A history that was compacted says so; one that was not says nothing."""
        items: list[Any] = [{"role": "user", "content": "hi"}, {"type": "compaction", "encrypted_content": "g"}]

        assert request_attributes({"input": items})[CONVERSATION_COMPACTED] is True
        assert CONVERSATION_COMPACTED not in request_attributes({"input": items[:1]})


class TestFetch:
    @pytest.mark.parametrize("query", [{}, {"stream": "false"}, {"starting_after": ""}], ids=repr)
    def test_an_ordinary_one_says_which_api_it_is(self, query: Any) -> None:
        """Nothing is said of a stream that nobody wants."""
        assert {"openai.api.type": "responses"} == fetch_attributes(query)


class TestResponse:
    def test_only_what_is_polled_has_a_status(self) -> None:
        """An answer that came at once is over: its reason says how."""
        assert {} == response_attributes({"status": "completed"})
        assert {RESPONSE_STATUS: "queued"} == response_attributes({"status": "queued", "background": True})
        assert {RESPONSE_STATUS: "completed"} == response_attributes({"status": "completed"}, fetched=True)

    def test_a_tier_that_is_to_be_chosen_is_none(self) -> None:
        """The first event of a stream repeats what was asked for."""
        tiers = [response_attributes({"service_tier": tier}) for tier in ("auto", "flex")]

        assert [{}, {OPENAI_RESPONSE_SERVICE_TIER: "flex"}] == tiers


class TestConversation:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("conv_1", {CONVERSATION_ID: "conv_1"}),
            ({"id": "conv_1"}, {CONVERSATION_ID: "conv_1"}),
            ("", {}),
            ({}, {}),
            (None, {}),
            (7, {}),
        ],
        ids=repr,
    )
    def test_is_a_stored_one(self, given: Any, expected: dict[str, str]) -> None:
        """A conversation has the name that its provider gave it, or none."""
        assert expected == conversation_of({"conversation": given})
