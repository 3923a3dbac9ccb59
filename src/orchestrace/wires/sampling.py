"""What a request says of how to sample, in the words that nearly every format has for it."""

from __future__ import annotations

from typing import Final

from orchestrace.conventions import (
    REQUEST_FREQUENCY_PENALTY,
    REQUEST_MAX_TOKENS,
    REQUEST_PRESENCE_PENALTY,
    REQUEST_SEED,
    REQUEST_STOP_SEQUENCES,
    REQUEST_TEMPERATURE,
    REQUEST_TOP_K,
    REQUEST_TOP_P,
)
from orchestrace.wires.reading import Table, integer_at, number_at, texts_at

__all__ = ["SAMPLING"]

SAMPLING: Final[Table] = {
    "max_tokens": (REQUEST_MAX_TOKENS, integer_at),
    "temperature": (REQUEST_TEMPERATURE, number_at),
    "top_p": (REQUEST_TOP_P, number_at),
    "top_k": (REQUEST_TOP_K, integer_at),
    "random_seed": (REQUEST_SEED, integer_at),  # Mistral's
    "seed": (REQUEST_SEED, integer_at),
    "stop": (REQUEST_STOP_SEQUENCES, texts_at),
    "frequency_penalty": (REQUEST_FREQUENCY_PENALTY, number_at),
    "presence_penalty": (REQUEST_PRESENCE_PENALTY, number_at),
}
"""A table for `attributes_from`; a wire adds the words of its own behind it, which win."""
