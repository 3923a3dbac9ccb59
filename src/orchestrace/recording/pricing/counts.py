"""What of a model call has a price of its own, in the words of `genai-prices`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orchestrace.messages import Usage

__all__ = ["INPUT", "OUTPUT", "WITHIN", "counts_of", "options_of"]

INPUT: Final = "input_tokens"
OUTPUT: Final = "output_tokens"

WITHIN: Final[Mapping[str, tuple[str, ...]]] = {
    "cache_read_tokens": (INPUT,),
    "cache_write_tokens": (INPUT,),
    "cache_write_1h_tokens": (INPUT, "cache_write_tokens"),
    "input_audio_tokens": (INPUT,),
    "input_image_tokens": (INPUT,),
    "output_audio_tokens": (OUTPUT,),
    "output_reasoning_tokens": (OUTPUT,),
    "web_searches": (),
}
"""What can be counted besides input and output, and what it is a part of."""

_FURTHER: Final = {
    "cache_write_1h_tokens": (("cache_creation", "ephemeral_1h_input_tokens"),),
    "input_audio_tokens": (
        ("prompt_tokens_details", "audio_tokens"),
        ("input_tokens_details", "audio_tokens"),
        ("input_token_details", "audio_tokens"),
    ),
    "input_image_tokens": (("input_tokens_details", "image_tokens"),),
    "output_audio_tokens": (("completion_tokens_details", "audio_tokens"), ("output_tokens_details", "audio_tokens")),
    "web_searches": (("server_tool_use", "web_search_requests"),),
}
"""Where providers count it, in their own words."""

_TIER: Final = "service_tier"
_SPEED: Final = "speed"
_ORDINARY: Final = frozenset({"", "auto", "on_demand", "standard"})


def counts_of(usage: Usage) -> dict[str, int]:
    """Return what was used, by the name it has in the price list; 0 and unknown are left out."""
    told = {
        INPUT: usage.input_tokens,
        OUTPUT: usage.output_tokens,
        "cache_read_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write,
        "output_reasoning_tokens": usage.reasoning,
    }
    counts = {name: count for name, count in told.items() if count}
    if usage.further:
        for name, places in _FURTHER.items():
            if count := next(filter(None, (_count_at(usage.further, place) for place in places)), 0):
                counts[name] = count
    return counts


def options_of(usage: Usage, tier: object) -> tuple[tuple[str, str], ...]:
    """Return on what terms the call was answered, where they are not the ordinary ones: tier and speed."""
    said = {_TIER: tier or usage.further.get(_TIER), _SPEED: usage.further.get(_SPEED)}
    return tuple((name, word) for name, word in said.items() if isinstance(word, str) and word not in _ORDINARY)


def _count_at(further: Mapping[str, object], place: tuple[str, str]) -> int:
    inner = further.get(place[0])
    count = inner.get(place[1]) if isinstance(inner, Mapping) else None
    return count if type(count) is int and count > 0 else 0
