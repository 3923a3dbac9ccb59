"""Whom a model call asks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from orchestrace import conventions as names
from orchestrace.typing import AttributeValue

__all__ = ["Callee"]

_MOST: Final = 64
"""Callees whose attributes are kept: a program asks few, again and again."""


class Callee(NamedTuple):
    """Who is asked, and for what: `operation` and `provider` in the words of the conventions."""

    operation: str
    provider: str | None = None
    address: str | None = None
    port: int | None = None

    def attributes(self) -> Mapping[str, AttributeValue]:
        """Return what is known."""
        return _attributes_of(self)


@lru_cache(maxsize=_MOST)
def _attributes_of(callee: Callee) -> Mapping[str, AttributeValue]:
    known = {
        names.OPERATION_NAME: callee.operation,
        names.PROVIDER_NAME: callee.provider,
        names.SERVER_ADDRESS: callee.address,
        names.SERVER_PORT: callee.port,
    }
    return {name: value for name, value in known.items() if value is not None}
