"""Fit the words of people and models into a terminal: shortened or whole, and never able to command it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

__all__ = ["harmless", "lines_of", "one_line"]

_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PICTURES: Final = 0x2400
"""Unicode's pictures of the control characters stand from here on, in their order."""
_BLANK: Final = 0x20
"""Ends the control characters."""
_TURNING: Final = range(0x202A, 0x206A)
_DELETE: Final = 0x7F
_DELETE_PICTURE: Final = "\u2421"
_UNKNOWN: Final = "\ufffd"


def harmless(text: str) -> str:
    """
    Return a text that can be printed anywhere.

    Control characters, which could move the cursor or recolour what follows, become their pictures (`␛`). Those that
    turn the direction of what is written after them become their numbers (`<U+202E>`), halves of surrogate pairs
    U+FFFD. Line breaks and tabs stay.
    """
    return _UNSEEN.sub(_picture, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """Return a harmless text with every stretch of blanks and line breaks as one blank."""
    return " ".join(harmless(text).split())


def lines_of(text: str | Text, console: Console, width: int, limit: int | None) -> Iterator[Text]:
    """
    Wrap a text to lines of `width` cells.

    With a `limit` it becomes one paragraph of at most so many lines, and an ellipsis says that there was more; with
    None it keeps its own line breaks and comes whole. A `Text` is harmless already.
    """
    if limit is None:
        whole = text if isinstance(text, Text) else Text(harmless(text).strip("\n"))
        yield from whole.wrap(console, width, tab_size=4)
        return
    enough = 2 * limit * width  # a megabyte is not wrapped for the sake of one line
    start = text[:enough] if isinstance(text, Text) else Text(one_line(text[:enough]))
    lines = list(start.wrap(console, width))
    cut = len(text) > enough or len(lines) > limit
    for line in lines[: limit - 1]:
        line.rstrip()
        yield line
    for line in lines[limit - 1 : limit]:
        if cut:
            line.rstrip()
            line.truncate(width - 1)
            line.append("…")
        yield line


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code == _DELETE:
        return _DELETE_PICTURE
    if code < _BLANK:
        return chr(_PICTURES + code)
    return f"<U+{code:04X}>" if code in _TURNING else _UNKNOWN
