"""Records of which something was left out, and how much: OTLP has a count for each."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrace.records import EventRecord, LinkRecord, SpanRecord

__all__ = ["PartialEvent", "PartialLink", "PartialSpan"]


@dataclass(slots=True)
class PartialEvent(EventRecord):
    """An event without some of its attributes."""

    dropped_attributes: int = 0


@dataclass(slots=True)
class PartialLink(LinkRecord):
    """A link without some of its attributes."""

    dropped_attributes: int = 0


@dataclass(slots=True)
class PartialSpan(SpanRecord):
    """A span without some of its attributes, events and links."""

    dropped_attributes: int = 0
    dropped_events: int = 0
    dropped_links: int = 0
