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
from orchestrace.wires.reading import Reader, integer_at, number_at, texts_at

__all__ = ["SAMPLING"]

SAMPLING: Final[tuple[tuple[str, str, Reader], ...]] = (
    (REQUEST_MAX_TOKENS, "max_tokens", integer_at),
    (REQUEST_TEMPERATURE, "temperature", number_at),
    (REQUEST_TOP_P, "top_p", number_at),
    (REQUEST_TOP_K, "top_k", integer_at),
    (REQUEST_SEED, "random_seed", integer_at),  # Mistral's
    (REQUEST_SEED, "seed", integer_at),
    (REQUEST_STOP_SEQUENCES, "stop", texts_at),
    (REQUEST_FREQUENCY_PENALTY, "frequency_penalty", number_at),
    (REQUEST_PRESENCE_PENALTY, "presence_penalty", number_at),
)
"""A table for `attributes_from`; a wire adds the words of its own behind it, which win."""
