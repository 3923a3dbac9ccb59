"""
Copy a value into JSON at this moment: what the program passed, whatever it does to it afterwards.

Only shapes of data are walked: scalars, mappings, sequences, sets, and the declared fields of pydantic models,
dataclasses, attrs classes and named tuples. Anything else is `{"type": "module.Class"}`, because the attributes of a
client hold its key. Iterators are never advanced.

Bounds: a text over 256 Ki characters, or over what is left of the whole, is its start and `… [n characters, sha256 …]`;
a collection shows 1,000 items and then `{"type", "left_out"}`; so does one that is nested deeper than 32; a cycle is
`{"type", "cycle": true}`; the whole is at most 1 MiB of JSON. Bytes are `{"type", "size", "sha256"}`. NaN, infinities
and numbers beyond 64 bits are texts; a lone surrogate is U+FFFD. Values under secret names are masked, unless None, a
bool or empty; every text is searched for known keys.

Never raises an `Exception`, whatever a stranger's methods do. A KeyboardInterrupt or SystemExit passes: it is the
user's.
"""

from __future__ import annotations

from typing import Any, Final

from orchestrace.recording.by_reference import refer
from orchestrace.recording.dumping import dump, dumped, load
from orchestrace.recording.fields import type_name
from orchestrace.recording.masking import mask_text
from orchestrace.recording.walk import Walk
from orchestrace.typing import JSON

__all__ = ["encode", "snapshot"]

LIMIT: Final = 1 << 20


def snapshot(value: object) -> JSON:
    """Return `value` as JSON values, detached from it. Never raises."""
    return _take(value)[0]


def encode(value: object) -> str:
    """Return the snapshot of `value` as JSON text, UTF-8 without escapes. Never raises."""
    return _take(value)[1]


def _take(value: object) -> tuple[JSON, str]:
    try:
        budget = LIMIT
        while budget:
            taken, document = dumped(_Shown(budget).take(value, 0))
            if len(document) <= LIMIT:
                return _masked(taken, document.decode())
            budget //= 2  # long characters, escapes, notes of what was left out
    except Exception:  # noqa: BLE001, S110 - memory or stack ran out, or a stranger found a way
        pass
    lost: JSON = {"type": type_name(type(value)).encode("ascii", "replace").decode()}
    return lost, dump(lost).decode()


def _masked(taken: JSON, text: str) -> tuple[JSON, str]:
    # Nearly every value holds no key, so they are looked for in the whole, once.
    masked = mask_text(text)
    if masked is text:
        return taken, text
    taken = load(masked)
    return taken, dump(taken).decode()  # again: two names can have become one


class _Shown(Walk):
    """A walk that shows what is to be recorded by reference as such."""

    __slots__ = ()

    def refer(self, value: object, kind: type) -> Any:  # noqa: ANN401 - JSON, or NOTHING
        return refer(value, kind)
