"""
Write OTLP by hand: protobuf's wire format straight from our records, without a message object in between.

What comes out is what the stock encoder writes for the same span or log record, field by field (the tests compare
them), in a tenth of the time. What OTLP cannot carry is mended or left out here, so that encoding cannot fail but for
an id that is none.
"""

from __future__ import annotations

from orchestrace.export.otlp.envelope import LARGEST_REQUEST, Encoded, batches, request, size
from orchestrace.export.otlp.log import encode_log
from orchestrace.export.otlp.origin import encode_resource, encode_scope, schema_url
from orchestrace.export.otlp.span import encode_span

__all__ = [
    "LARGEST_REQUEST",
    "Encoded",
    "batches",
    "encode_log",
    "encode_resource",
    "encode_scope",
    "encode_span",
    "request",
    "schema_url",
    "size",
]
