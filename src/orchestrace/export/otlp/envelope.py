"""
Requests of encoded records: those of one resource and scope, as they follow each other, share both.

Traces and logs have the same numbers for all of it: a request is a list (1) of a resource (1), its schema (3) and a
list (2) of a scope (1), its schema (3) and a list (2) of records. Of metrics nothing has to be put together here:
requests that stand behind each other are one request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from orchestrace.export.otlp.wire import VARINT, delimited, text

__all__ = ["LARGEST_REQUEST", "Encoded", "batches", "request", "size"]

LARGEST_REQUEST: Final = 3_670_016
"""3.5 MiB: a gRPC receiver refuses more than 4 MiB unless told otherwise, and a batch with it."""

_LENGTH: Final = 5
"""Bytes of the length of anything that a receiver takes, at most."""


@dataclass(slots=True)
class Encoded:
    """One span or log record, and where it comes from, each as `encode_…` returned it."""

    resource: bytes
    scope: bytes
    schema_url: str
    body: bytes

    @property
    def size(self) -> int:
        """How many bytes it adds to a request at most."""
        # A letter is four bytes at most.
        return len(self.resource) + len(self.scope) + 4 * len(self.schema_url) + len(self.body) + 5 * (1 + _LENGTH)


_Item = TypeVar("_Item", bound=Encoded)


def request(items: Iterable[Encoded]) -> bytes:
    """Return the request that sends `items`, in their order."""
    # Bodies are copied once, at the end: all the time goes there.
    parts: list[bytes] = []
    inner: list[bytes] = []
    records: list[bytes] = []
    last: Encoded | None = None
    for item in items:
        if last is None or not _share_scope(item, last):
            if last is not None:
                inner += _field(b"\x12", records)
            if last is None or item.resource != last.resource:
                parts += _field(b"\x0a", inner) if inner else ()
                inner = [item.resource]
            records = [_scope_fields(item.scope, item.schema_url)]
            last = item
        body = item.body
        records += (b"\x12", VARINT[len(body)], body)
    if last is not None:
        parts += _field(b"\x0a", inner + _field(b"\x12", records))
    return b"".join(parts)


def size(items: Iterable[Encoded]) -> int:
    """Return how many bytes `request(items)` has, without making it."""
    growing = _Growing()
    for item in items:
        growing.add(item)
    return growing.size


def batches(items: Iterable[_Item], limit: int = LARGEST_REQUEST, count: int | None = None) -> Iterator[list[_Item]]:
    """
    Yield `items` in order, as many together as their request has `limit` bytes, and at most `count`.

    An item that is larger goes alone.
    """
    found = [*items]
    # Nearly always all go together, which a sum of lengths tells.
    if found and (count is None or len(found) <= count) and sum([item.size for item in found]) <= limit:
        yield found
        return
    batch: list[_Item] = []
    growing = _Growing()
    for item in found:
        if batch and (len(batch) == count or growing.size_with(item) > limit):
            yield batch
            batch, growing = [], _Growing()
        batch.append(item)
        growing.add(item)
    if batch:
        yield batch


class _Growing:
    """The size of a request that items are added to."""

    def __init__(self) -> None:
        self._last: Encoded | None = None
        # Bytes of the resources that are complete; of what is in the last one beside its last scope; of that scope.
        self._before = self._resource = self._scope = 0

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return 0 if self._last is None else _complete(self._before, self._resource, self._scope)

    def size_with(self, item: Encoded) -> int:
        """How many bytes there will be with one more."""
        return _complete(*self._with(item))

    def add(self, item: Encoded) -> None:
        """Add one."""
        self._before, self._resource, self._scope = self._with(item)
        self._last = item

    def _with(self, item: Encoded) -> tuple[int, int, int]:
        before, resource, scope = self._before, self._resource, self._scope
        last = self._last
        body = _of_field(len(item.body))
        if last is not None and item.resource == last.resource:
            if _share_scope(item, last):
                return before, resource, scope + body
            resource += _of_field(scope)
        else:
            before, resource = self.size, len(item.resource)
        return before, resource, len(_scope_fields(item.scope, item.schema_url)) + body


def _share_scope(one: Encoded, other: Encoded) -> bool:
    return one.scope == other.scope and one.schema_url == other.schema_url and one.resource == other.resource


def _complete(before: int, resource: int, scope: int) -> int:
    return before + _of_field(resource + _of_field(scope))


def _of_field(length: int) -> int:
    return 1 + len(VARINT[length]) + length


def _field(tag: bytes, parts: list[bytes]) -> list[bytes]:
    return [tag, VARINT[sum(map(len, parts))], *parts]


def _scope_fields(scope: bytes, schema: str) -> bytes:
    fields = delimited(b"\x0a", scope)
    return fields + delimited(b"\x1a", text(schema)) if schema else fields
