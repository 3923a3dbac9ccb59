"""Read the tokens that an answer of OpenAI or of a compatible server says it took."""

from __future__ import annotations

from typing import Final

from orchestrace.messages import Usage
from orchestrace.typing import JSONObject
from orchestrace.wires.reading import count_at, object_at, rest_of

__all__ = ["read_usage"]

_DETAILS: Final = (
    "prompt_tokens_details",
    "completion_tokens_details",
    "input_tokens_details",
    "input_token_details",
    "output_tokens_details",
)
_COUNTED: Final = {
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "cache_write_tokens",
    "cached_tokens",
    "completion_tokens",
    "input_tokens",
    "output_tokens",
    "prompt_cache_hit_tokens",
    "prompt_cache_miss_tokens",
    "prompt_tokens",
    "reasoning_tokens",
    "total_tokens",
}


def read_usage(said: JSONObject) -> Usage | None:
    """
    Read the tokens, for each kind by the first that is known of the names that formats and hosts have for it.

    Where the total shows that the output was counted without its reasoning (xAI), the reasoning is added to it.
    """
    counts = said
    for details in _DETAILS:
        if details in said:
            counts = counts | rest_of(object_at(said, details), ())
    asked = count_at(counts, "prompt_tokens", "input_tokens")
    answered = count_at(counts, "completion_tokens", "output_tokens")
    reasoning = count_at(counts, "reasoning_tokens")
    if asked is not None and answered is not None and reasoning:
        apart = count_at(counts, "total_tokens") == asked + answered + reasoning
        answered += reasoning if apart else 0
    cache_read = count_at(counts, "cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens")
    cache_write = count_at(counts, "cache_write_tokens", "cache_creation_input_tokens")
    if asked is answered is cache_read is cache_write is reasoning is None:
        return None
    return Usage(asked, answered, cache_read, cache_write, reasoning, _further(said))


def _further(said: JSONObject) -> JSONObject:
    """Return what nobody has read yet and is not 0: sound, pictures, guesses that came true, a price."""
    if said.keys() <= _COUNTED:
        return {}
    rest = rest_of(said, _COUNTED)
    rest |= {key: rest_of(object_at(rest, key), _COUNTED) for key in _DETAILS if key in rest}
    counted = {key: _without_zeros(value) if isinstance(value, dict) else value for key, value in rest.items()}
    return _without_zeros(counted)


def _without_zeros(counted: JSONObject) -> JSONObject:
    return {key: value for key, value in counted.items() if value not in (0, {}, [], None)}
