"""
What some frames hold, in the order in which it was written.

Most spans start and end within one look at their segment. Of the start of such a one nothing is wanted but its
attributes, and those as they stand in the frame: it is found by its first bytes, and never parsed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from orchestrace.journal.encoding import ATTRIBUTES_BEGIN, SPAN_TYPE, Header
from orchestrace.journal.entry import Entry, begun_attributes, joined, read
from orchestrace.journal.notice import Notice
from orchestrace.records import LogRecord, MetricsRecord

__all__ = ["is_end", "records_of"]

_SPAN: Final = b'{"type":"%b","trace_id":"' % SPAN_TYPE.encode()
_BETWEEN: Final = b'","span_id":"'
_IDS: Final = slice(len(_SPAN), len(_SPAN) + 32 + len(_BETWEEN) + 16)
"""Where both ids stand in a frame of ours; other frames are read as they come."""
_LATER: Final = b'"end":', b'"rest":'
"""What the first frame of a span has not."""


def records_of(payloads: Iterable[bytes]) -> list[Entry | LogRecord | MetricsRecord | Notice]:
    """Return what payloads say, without those that are broken or of an unknown type."""
    found: list[Entry | LogRecord | MetricsRecord | Notice | Header | None] = []
    begun: dict[bytes, tuple[int, bytes]] = {}
    for payload in payloads:
        ids = payload[_IDS]
        if _is_start(payload):
            if ids not in begun:
                found.append(None)
            # Of a start that says everything again the last counts.
            begun[ids] = begun[ids][0] if ids in begun else len(found) - 1, payload
            continue
        said = read(payload)
        if type(said) is Entry and said.rest and ids in begun:
            place, start = begun[ids]
            if (attributes := begun_attributes(start)) is not None:
                found[place] = joined(attributes, said)
                del begun[ids]
                continue
        found.append(said)
    for place, start in begun.values():
        found[place] = read(start)
    return [one for one in found if one is not None and not isinstance(one, Header)]


def is_end(payload: bytes) -> bool:
    """Tell whether a payload says that a span has ended."""
    return payload.startswith(_SPAN) and not _is_start(payload)


def _is_start(payload: bytes) -> bool:
    if not payload.startswith(_SPAN):
        return False
    # Inside of a text the quotes would be escaped.
    at, (end, rest) = payload.find(ATTRIBUTES_BEGIN), _LATER
    return payload.find(end, 0, at) < 0 and payload.find(rest, 0, at) < 0
