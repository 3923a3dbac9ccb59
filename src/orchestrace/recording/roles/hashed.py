"""What a developer set, as JSON, and a hash by which one is told from another."""

from __future__ import annotations

from typing import Final

from orchestrace.recording.snapshot import encode

__all__ = ["hashed"]

_DIGITS: Final = 16
"""Hexadecimal: enough to tell a team's configurations apart."""


def hashed(value: object) -> tuple[str, str]:
    """
    Return a value as JSON, keys masked, and a hash that is the same in any order of keys.

    The hash is of what is recorded: of a secret it tells nothing, and two objects that are no data have the same.
    """
    import hashlib  # noqa: PLC0415 - 3 ms, wanted where there is a configuration

    import orjson  # noqa: PLC0415 - 3 ms at import, wanted at the first call

    document = encode(value)
    said = orjson.dumps(orjson.loads(document), option=orjson.OPT_SORT_KEYS)
    return document, hashlib.sha256(said).hexdigest()[:_DIGITS]
