"""With what the frames of a span begin, and what its end can say again as its start said it."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import orjson

from orchestrace.conventions import OPERATION_NAME, OUTCOME_NAME, ROLE
from orchestrace.journal.plain import plain
from orchestrace.journal.role import role_of
from orchestrace.records import SpanRecord
from orchestrace.typing import Attributes

__all__ = ["SPAN_TYPE", "changes_role", "opening_of", "text_of"]

SPAN_TYPE: Final = "span"

_REMEMBERED: Final = 512
"""Descriptions that are kept in mind: programs make spans of few names. What has many is described again."""


def opening_of(record: SpanRecord) -> str:
    """
    Return what is known of a span when it starts, but for its attributes: the beginning of a JSON object.

    By hand, and not by way of a dict: ids are hex and times are numbers, and all else is the same for many spans.
    """
    described = _described(record.name, record.kind, role_of(record), record.scope, record.scope_version)
    opening = (
        f'{{"type":"{SPAN_TYPE}","trace_id":"{record.trace_id}","span_id":"{record.span_id}",'
        f'{described},"start":{record.start}'
    )
    if record.parent_id is not None:
        opening += f',"parent_id":{text_of(record.parent_id)}'
    if not record.sampled:
        opening += ',"sampled":false'
    if record.trace_state:
        opening += f',"trace_state":{text_of(record.trace_state)}'
    return opening


def changes_role(attributes: Attributes) -> bool:
    """Tell whether a span that is given these attributes may be something else to a reader (see `role`)."""
    return ROLE in attributes or OPERATION_NAME in attributes or OUTCOME_NAME in attributes


def text_of(value: object) -> str:
    """Return a value as JSON, at a loss where it cannot be (see `plain`)."""
    try:
        return orjson.dumps(value, None, orjson.OPT_PASSTHROUGH_DATACLASS).decode()
    except TypeError:
        return orjson.dumps(plain(value)).decode()


@lru_cache(_REMEMBERED)
def _described(name: str, kind: int, role: str | None, scope: str, scope_version: str) -> str:
    said: dict[str, object] = {"name": name, "kind": kind}
    if role is not None:
        said["role"] = role
    if scope:
        said["scope"] = scope
    if scope_version:
        said["scope_version"] = scope_version
    return text_of(said)[1:-1]
