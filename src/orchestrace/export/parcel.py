"""One record on its way: encoded once, however often it is sent."""

from __future__ import annotations

from typing import Final, TypeAlias

from orchestrace.export.otlp import Encoded, encode_log, encode_resource, encode_scope, encode_span, schema_url
from orchestrace.export.outbox import Outbox, Record
from orchestrace.export.shrinking import shrunk_span
from orchestrace.export.shrinking_log import shrunk_log
from orchestrace.records import MetricsRecord, SpanRecord

__all__ = ["LARGEST_SPAN", "Parcel", "Wrapping"]

LARGEST_SPAN: Final = 3_145_728
"""3 MiB: a collector that cuts its own requests at 3.5 MB drops a larger span, and all that come with it."""

_Origin: TypeAlias = tuple[bytes, bytes, str]
"""A resource, a scope, and the address of its schema."""

_NOWHERE: Final = (b"", b"", "")
"""The origin of what says itself where it comes from."""


class Parcel(Encoded):
    """A record that waits, under its key, in bytes."""

    __slots__ = ("_record", "key")

    def __init__(self, key: int, record: Record, origin: _Origin, body: bytes) -> None:
        super().__init__(*origin, body)
        self.key: int = key
        self._record = record

    def shrunk(self, limit: int = LARGEST_SPAN) -> Parcel | None:
        """Return it in at most `limit` bytes, saying what was cut; None where that cannot be, as of metrics."""
        if isinstance(self._record, MetricsRecord) or len(self.body) <= limit:
            return None
        if isinstance(self._record, SpanRecord):
            shrunk: tuple[Record, bytes] | None = shrunk_span(self._record, limit)
        else:
            shrunk = shrunk_log(self._record, limit)
        return None if shrunk is None else Parcel(self.key, shrunk[0], self._origin, shrunk[1])

    @property
    def _origin(self) -> _Origin:
        return self.resource, self.scope, self.schema_url


class Wrapping:
    """Make parcels of what waits in an outbox; resources and scopes are encoded once."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._resources: dict[int, bytes] = {}
        self._origins: dict[tuple[int, str, str], _Origin] = {}

    def wrap(self, key: int, process: int, record: Record) -> Parcel:
        """Return a record as a parcel, no larger than what every receiver takes. Raises ValueError for a broken id."""
        if isinstance(record, SpanRecord):
            body = encode_span(record)
        elif isinstance(record, MetricsRecord):
            return Parcel(key, record, _NOWHERE, record.data)
        else:
            body = encode_log(record)
        origin = self._origins.get((process, record.scope, record.scope_version))
        parcel = Parcel(key, record, origin or self._origin(process, record.scope, record.scope_version), body)
        return (parcel.shrunk() if len(body) > LARGEST_SPAN else None) or parcel

    def _origin(self, process: int, scope: str, version: str) -> _Origin:
        found = self._resource(process), encode_scope(scope, version), schema_url(scope)
        self._origins[process, scope, version] = found
        return found

    def _resource(self, process: int) -> bytes:
        if process not in self._resources:
            self._resources[process] = encode_resource(self._outbox.resource(process))
        return self._resources[process]
