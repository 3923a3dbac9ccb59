"""What a forwarder needs of a place where records wait; the journal has one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

from orchestrace.records import LogRecord, MetricsRecord, SpanRecord
from orchestrace.typing import AttributeValue

__all__ = ["Dispatch", "Outbox", "Record", "Waiting"]

Record: TypeAlias = SpanRecord | LogRecord | MetricsRecord

Waiting: TypeAlias = tuple[int, int, Record]
"""A record that waits: its key, the number of the process that wrote it, and itself."""


class Outbox(Protocol):
    """Records that wait for one receiver, by signal: "traces", "logs" or "metrics"."""

    def waiting(self, signal: str, count: int, size: int) -> Sequence[Waiting]:
        """Return those that have waited longest: at most `count`, of together about `size` characters; one at least."""
        ...

    def resource(self, process: int) -> Mapping[str, AttributeValue]:
        """Return the attributes of a process's resource."""
        ...

    def delivered(self, signal: str, keys: Iterable[int]) -> None:
        """Note what has arrived."""
        ...

    def refused(self, signal: str, keys: Iterable[int], reason: str) -> None:
        """Set aside what will never be taken."""
        ...

    def discard(self, signal: str) -> None:
        """Forget what waits of a signal that the receiver does not know."""
        ...


class Dispatch(Protocol):
    """Where outboxes are found, for one thread."""

    def outboxes(self) -> Sequence[Outbox]:
        """Return the outboxes that this process is to empty right now."""
        ...

    def close(self) -> None:
        """Leave them to others."""
        ...

    def forked(self) -> None:
        """Begin anew in a forked child."""
        ...
