"""Keep what is secret about a target out of what is said about it: receivers like to repeat a key that they refuse."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlsplit

from orchestrace.export.target import Target

__all__ = ["Secrets"]

_SHORTEST = 4
"""Shorter values are no keys, and stand in any text."""

_MASK = "***"


class Secrets:
    """The values of a target's headers, and the credentials and query of its address."""

    def __init__(self, target: Target) -> None:
        found = {part for value in _values(target) for part in (value, *value.split()) if len(part) >= _SHORTEST}
        # The longest first: one may be a part of another.
        self._values = sorted(found, key=len, reverse=True)

    def hide(self, said: str) -> str:
        """Return `said` without them."""
        for value in self._values:
            said = said.replace(value, _MASK)
        return said


def _values(target: Target) -> Iterable[str]:
    yield from target.headers.values()
    url = urlsplit(target.url)
    credentials = url.netloc.rpartition("@")[0]
    for part in credentials.split(":"):
        yield part
        yield unquote(part)
    yield from (value for _, value in parse_qsl(url.query))
