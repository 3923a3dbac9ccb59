"""
Put strangers' texts into a page, as texts: nothing in them is markup, and each stays in its place.

Characters that steer what is written after them are shown by number, inside of a box of their own, so that copying
gives them back; control characters, which HTML does not know, become their pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from markupsafe import Markup, escape

from orchestrace.cli.excerpt import harmless

__all__ = ["LONG", "inline", "value"]

LONG: Final = 50_000
"""Characters of a text that is folded away, and shown as it is written."""
_CHUNK: Final = 20_000
"""Characters that a browser lays out at once, if it must."""
_BOXES: Final = 2_000
# All that is not seen and changes what is: marks of direction, embeddings, isolates, joiners that hide, tags.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


def inline(text: str) -> Markup:
    """Return a short text as HTML."""
    return Markup("").join(_pieces(text)) if _INVISIBLE.search(text) else _seen(text)


def value(text: str) -> Markup:
    """
    Return a text as HTML, in blocks of which a browser lays out only those that are seen.

    Of a text that consists of characters that steer, rather than has some, these become U+FFFD.
    """
    if len(_INVISIBLE.findall(text)) > _BOXES:
        text = _INVISIBLE.sub("\ufffd", text)
    blocks = list(_blocks(text))
    if len(blocks) == 1:
        return inline(blocks[0])
    return Markup("").join(Markup('<div class="block">{}</div>').format(inline(block)) for block in blocks)


def _blocks(text: str) -> Iterator[str]:
    """Cut a text after line breaks, or anywhere if there are none; one after the other they are the text."""
    start = 0
    while len(text) - start > _CHUNK:
        end = text.rfind("\n", start, start + _CHUNK) + 1 or start + _CHUNK
        yield text[start:end]
        start = end
    yield text[start:]


def _pieces(text: str) -> Iterator[Markup]:
    start = 0
    for found in _INVISIBLE.finditer(text):
        yield _seen(text[start : found.start()])
        yield Markup('<i class="hidden" data-code="U+{}">{}</i>').format(f"{ord(found[0]):04X}", found[0])
        start = found.end()
    yield _seen(text[start:])


def _seen(text: str) -> Markup:
    return escape(harmless(text))
