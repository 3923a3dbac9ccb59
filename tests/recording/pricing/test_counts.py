from __future__ import annotations

import pytest

from orchestrace.messages import Usage
from orchestrace.recording.pricing.counts import WITHIN, counts_of, options_of


class TestCountsOf:
    def test_tokens_have_the_names_of_the_list(self) -> None:
        """What is 0 or unknown is left out: it costs nothing, or nobody knows what."""
        assert {
            "input_tokens": 10,
            "output_tokens": 2,
            "cache_read_tokens": 4,
            "output_reasoning_tokens": 1,
        } == counts_of(Usage(10, 2, cache_read=4, cache_write=0, reasoning=1))

    @pytest.mark.parametrize(
        ("further", "counted"),
        [
            ({"cache_creation": {"ephemeral_1h_input_tokens": 7}}, {"cache_write_1h_tokens": 7}),
            ({"server_tool_use": {"web_search_requests": 2}}, {"web_searches": 2}),
            ({"prompt_tokens_details": {"audio_tokens": 3}}, {"input_audio_tokens": 3}),
            ({"completion_tokens_details": {"audio_tokens": 3}}, {"output_audio_tokens": 3}),
            ({"input_tokens_details": {"image_tokens": 3, "text_tokens": 1}}, {"input_image_tokens": 3}),
            ({"cache_creation": None, "server_tool_use": "many", "prompt_tokens_details": {"audio_tokens": "3"}}, {}),
            ({"prompt_tokens_details": {"audio_tokens": True}}, {}),
            ({"prompt_tokens_details": {"audio_tokens": -3}}, {}),
        ],
    )
    def test_what_providers_count_besides(self, further: dict[str, object], counted: dict[str, int]) -> None:
        """Each in its own words; what is no count is none."""
        assert counted == counts_of(Usage(further=further))  # type: ignore[arg-type] # anything at all

    def test_every_count_has_a_whole(self) -> None:
        """What can be counted is known to be a part of the input, of the output, or of neither."""
        usage = Usage(
            9,
            9,
            9,
            9,
            9,
            {
                "cache_creation": {"ephemeral_1h_input_tokens": 1},
                "input_tokens_details": {"audio_tokens": 1, "image_tokens": 1},
                "output_tokens_details": {"audio_tokens": 1},
                "server_tool_use": {"web_search_requests": 1},
            },
        )

        assert {"input_tokens", "output_tokens", *WITHIN} == set(counts_of(usage))


class TestOptionsOf:
    @pytest.mark.parametrize("tier", [None, "", "auto", "standard", "on_demand", 3])
    def test_the_ordinary_ones_are_none(self, tier: object) -> None:
        """They have the prices that the list has for everybody."""
        assert () == options_of(Usage(), tier)

    def test_others_are_said(self) -> None:
        """By the answer, or among what it counts."""
        said = Usage(further={"service_tier": "priority", "speed": "fast"})

        assert (("service_tier", "flex"),) == options_of(Usage(), "flex")
        assert (("service_tier", "priority"), ("speed", "fast")) == options_of(said, None)
