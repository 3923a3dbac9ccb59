from __future__ import annotations

import pytest

from orchestrace.messages import Usage
from orchestrace.recording.pricing.cost import NO_PROVIDER, NO_TOKENS, Cost, cost_of
from orchestrace.recording.pricing.price_list import NO_PRICE

pytest.importorskip("genai_prices")
AT = 1_760_000_000 * 10**9


class TestCostOf:
    def test_cached_tokens_have_their_own_price(self) -> None:
        """They are a part of the input, and are not paid for twice."""
        usage = Usage(1000, 100, cache_read=200, cache_write=100)

        # 700 at $3, 200 at $0.30, 100 at $3.75, and 100 at $15 a million.
        assert Cost(0.004035) == cost_of(usage, "anthropic", ("claude-sonnet-4-5",), None, AT)

    def test_what_is_kept_for_an_hour_costs_more(self) -> None:
        """Anthropic says how much of it there was; searches are counted, too."""
        further = {"cache_creation": {"ephemeral_1h_input_tokens": 100}, "server_tool_use": {"web_search_requests": 2}}
        usage = Usage(1000, 100, cache_read=200, cache_write=100, further=further)  # type: ignore[arg-type] # JSON

        assert Cost(0.02426) == cost_of(usage, "anthropic", ("claude-sonnet-4-5",), "standard", AT)

    @pytest.mark.parametrize(
        ("usage", "provider", "model", "reason"),
        [
            (None, "openai", "gpt-4o", NO_TOKENS),
            (Usage(), "openai", "gpt-4o", NO_TOKENS),
            (Usage(0, 0), "openai", "gpt-4o", NO_TOKENS),
            (Usage(1), None, "gpt-4o", NO_PROVIDER),
            (Usage(1), "openai", None, NO_PRICE),
            (Usage(1), "openai", "", NO_PRICE),
            (Usage(1), "ollama", "llama3", NO_PRICE),
        ],
    )
    def test_what_is_not_known_is_absent_and_why(
        self, usage: Usage | None, provider: str | None, model: str | None, reason: str
    ) -> None:
        """Never 0, and never guessed."""
        assert Cost(reason=reason) == cost_of(usage, provider, (model,), None, AT)

    def test_a_part_without_a_price_makes_the_whole_unknown(self) -> None:
        """The list has no price for what an embedding model says."""
        found = cost_of(Usage(1, 1), "openai", ("text-embedding-3-small",), None, AT)

        assert Cost(reason="no price is known for this model's output tokens") == found


class TestAttributes:
    def test_dollars_or_a_reason(self) -> None:
        """And whose price it is."""
        assert {"orchestrace.cost.usd", "orchestrace.cost.source"} == set(Cost(0.1).attributes())
        assert {"orchestrace.cost.reason": "why"} == Cost(reason="why").attributes()
