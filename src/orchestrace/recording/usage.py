"""Sums of tokens and calls over everything that happened inside of a call."""

from __future__ import annotations

import threading
from dataclasses import fields
from typing import Final

from orchestrace.conventions import SUM_PREFIX
from orchestrace.messages import Usage
from orchestrace.typing import AttributeValue

__all__ = ["Totals"]

_NAMES: Final = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read": "cache_read.input_tokens",
    "cache_write": "cache_write.input_tokens",
    "reasoning": "reasoning.output_tokens",
}
"""Where a field of `Usage` stands below our prefix: as the conventions have it below theirs."""

_adding = threading.Lock()
"""One for all: held for microseconds, and finalisers never come here (see `finaliser`)."""


class Totals:
    """What the model calls inside of one call used. A kind of token that no call reported is absent, not 0."""

    __slots__ = ("calls", "tokens")

    def __init__(self) -> None:
        self.calls = 0
        self.tokens: dict[str, int] = {}

    def add(self, usage: Usage | None) -> None:
        """Count one model call."""
        with _adding:
            self.calls += 1
            for field in fields(Usage) if usage is not None else ():
                count = getattr(usage, field.name)
                if count is not None:
                    self.tokens[field.name] = self.tokens.get(field.name, 0) + count

    @property
    def total(self) -> int | None:
        """Input and output tokens together; None where neither is known."""
        known = [self.tokens[name] for name in ("input_tokens", "output_tokens") if name in self.tokens]
        return sum(known) if known else None

    def attributes(self) -> dict[str, AttributeValue]:
        """Return the sums as attributes; none if no model was called."""
        if not self.calls:
            return {}
        sums: dict[str, AttributeValue] = {SUM_PREFIX + _NAMES[name]: count for name, count in self.tokens.items()}
        return {SUM_PREFIX + "calls": self.calls, **sums}
