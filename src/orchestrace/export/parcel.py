"""One record on its way: encoded once, however often it is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeAlias

import orjson

from orchestrace.conventions import TRUNCATED
from orchestrace.export.otlp import Encoded, encode_log, encode_resource, encode_scope, encode_span, schema_url
from orchestrace.export.outbox import Outbox, Record
from orchestrace.recording.document import write
from orchestrace.records import MetricsRecord, SpanRecord
from orchestrace.typing import Attributes, AttributeValue

__all__ = ["LARGEST_SPAN", "Parcel", "Wrapping"]

LARGEST_SPAN: Final = 3_145_728
"""3 MiB: a collector that cuts its own requests at 3.5 MB drops a larger span, and all that come with it."""

_Origin: TypeAlias = tuple[bytes, bytes, str]
"""A resource, a scope, and the address of its schema."""

_NOWHERE: Final = (b"", b"", "")
"""The origin of what says itself where it comes from."""

_SMALLEST: Final = 256
"""Characters that any text may keep."""


class Parcel(Encoded):
    """A record that waits, under its key, in bytes."""

    __slots__ = ("_record", "key")

    def __init__(self, key: int, record: Record, origin: _Origin, body: bytes) -> None:
        super().__init__(*origin, body)
        self.key: int = key
        self._record = record

    def shrunk(self, limit: int = LARGEST_SPAN) -> Parcel | None:
        """Return it with its longest texts cut so that it has about `limit` bytes; None where nothing can be cut."""
        if not isinstance(self._record, SpanRecord) or len(self.body) <= limit:
            return None
        longest = max((len(value) for value in self._record.attributes.values() if isinstance(value, str)), default=0)
        record, body, allowed = self._record, self.body, min(longest, limit)
        while len(body) > limit and allowed > _SMALLEST:
            allowed //= 2
            record = replace(self._record, attributes=_cut(self._record.attributes, allowed))
            body = encode_span(record)
        origin = self.resource, self.scope, self.schema_url
        return Parcel(self.key, record, origin, body) if len(body) <= limit else None


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


def _cut(attributes: Attributes, allowed: int) -> dict[str, AttributeValue]:
    cut = {name: _fit(value, allowed) for name, value in attributes.items()}
    shorter = [name for name, value in cut.items() if value is not attributes[name]]
    told = attributes.get(TRUNCATED, ())
    before = [str(name) for name in told] if isinstance(told, (list, tuple)) else []
    cut[TRUNCATED] = list(dict.fromkeys([*before, *shorter]))
    return cut


def _fit(value: AttributeValue, allowed: int) -> AttributeValue:
    if not isinstance(value, str) or len(value) <= allowed:
        return value
    if value[:1] in {"{", "["}:
        try:
            text, _ = write(orjson.loads(value), allowed)
        except orjson.JSONDecodeError:
            return value[:allowed]
        return text if len(text) <= allowed else ("[]" if value[0] == "[" else "{}")
    return value[:allowed]
