"""What a developer set, in words, and a hash by which one is told from another."""

from __future__ import annotations

from typing import Final

from orchestrace.recording.text import JSON_TYPE, written

__all__ = ["hashed"]

_DIGITS: Final = 16
"""Hexadecimal: enough to tell a team's configurations apart."""


def hashed(value: object) -> tuple[str, str]:
    """
    Return a text as it is, or anything else as JSON, keys masked; and a hash that is the same in any order of keys.

    The hash is of what is recorded: of a secret it tells nothing, and two objects that are no data have the same.
    """
    import hashlib  # noqa: PLC0415 - 3 ms, wanted where there is a configuration

    document, kind = written(value)
    said = document.encode()
    if kind == JSON_TYPE:
        import orjson  # noqa: PLC0415 - 3 ms at import, wanted at the first call

        said = orjson.dumps(orjson.loads(document), option=orjson.OPT_SORT_KEYS)
    return document, hashlib.sha256(said).hexdigest()[:_DIGITS]
