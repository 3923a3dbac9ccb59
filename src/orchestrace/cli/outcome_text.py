"""Values of outcomes as people type them, and as they are shown to people."""

from __future__ import annotations

import re
from typing import Final

from orchestrace import conventions as names
from orchestrace.cli import attribute
from orchestrace.cli.excerpt import one_line
from orchestrace.recording.text import shortened
from orchestrace.typing import Attributes

__all__ = ["is_cut", "shown", "summed_up", "typed"]

_LONGEST: Final = 80
"""Characters of a short line."""
_WORDS: Final = {"true": True, "false": False}
_WHOLE: Final = re.compile(r"-?(0|[1-9]\d{0,17})")
"""Not `007`, which is a name, nor what has more digits than a number of 64 bits."""
_DECIMAL: Final = re.compile(r"-?(0|[1-9]\d*)?\.?\d+([eE][-+]?\d{1,2})?")


def typed(text: str) -> bool | int | float | str:
    """Return what a text says: `true` or `false` in any case, a number, else itself."""
    word = text.strip()
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    if _WHOLE.fullmatch(word):
        return int(word)
    if "." in word and _DECIMAL.fullmatch(word):
        return float(word)
    return text


def shown(value: object) -> str:
    """Return a value in one short line."""
    if isinstance(value, bool):
        return str(value).lower()
    return shortened(one_line(str(value)), _LONGEST)


def summed_up(attributes: Attributes) -> str:
    """Return an outcome's name and value, for example `email.replied true`."""
    value = attributes.get(names.OUTCOME_VALUE)
    name = one_line(attribute.text(attributes, names.OUTCOME_NAME) or "")
    return name if value is None else f"{name} {shown(value)}"


def is_cut(value: object) -> bool:
    """Tell whether a value is not whole in one short line."""
    return isinstance(value, str) and shown(value) != value
