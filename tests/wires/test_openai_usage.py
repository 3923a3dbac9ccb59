from __future__ import annotations

import pytest

from orchestrace.messages import Usage
from orchestrace.wires.openai_usage import read_usage


class TestReadUsage:
    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            ({"prompt_tokens": 3, "completion_tokens": 2}, Usage(3, 2)),
            ({"input_tokens": 3, "output_tokens": 2}, Usage(3, 2)),
            ({"input_tokens": 3, "input_tokens_details": {"cached_tokens": 1}}, Usage(3, cache_read=1)),
            ({"input_tokens": 3, "input_token_details": {"audio_tokens": 3}}, Usage(3)),
            ({"type": "duration", "seconds": 3}, None),
            ({}, None),
        ],
    )
    def test_names(self, said: dict[str, object], expected: Usage | None) -> None:
        """Formats have names of their own for the same tokens; what is in none is unknown."""
        assert expected == read_usage(said)  # type: ignore[arg-type] # JSON

    def test_output_that_was_counted_without_its_reasoning(self) -> None:
        """Where the total shows it, the reasoning is added: it is a part of the output."""
        said = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 7, "reasoning_tokens": 4}

        assert Usage(1, 6, reasoning=4) == read_usage(said)  # type: ignore[arg-type] # JSON

    def test_what_nobody_reads_is_kept(self) -> None:
        """A price, sound, guesses that came true: what is not 0 stands in the provider's own words."""
        details = {"audio_tokens": 2, "cached_tokens": 1, "text_tokens": 0}
        usage = read_usage({"prompt_tokens": 3, "total_tokens": 3, "cost": 0.1, "prompt_tokens_details": details})

        assert usage is not None
        assert {"cost": 0.1, "prompt_tokens_details": {"audio_tokens": 2}} == usage.further
