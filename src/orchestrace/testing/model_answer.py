"""What the made-up answers of every format share: text in pieces, tool calls, tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

__all__ = ["USAGE", "ToolCall", "Usage", "fragments"]

Usage: TypeAlias = tuple[int, int] | Mapping[str, object]
"""Input and output tokens, or a whole `usage` object in the provider's own words."""

USAGE: Final[Usage] = (12, 5)
"""What an answer says it cost where its test does not care."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's request to call a tool. An `id` that is not given is made from the call's place."""

    name: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    id: str | None = None


def fragments(text: str | Sequence[str]) -> list[str]:
    """Return the pieces in which a text is streamed: those given, or else its words."""
    return re.findall(r"\S+\s*|\s+", text) if isinstance(text, str) else list(text)
