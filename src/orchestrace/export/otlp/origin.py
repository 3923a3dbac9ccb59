"""Where records come from: OTLP's Resource and InstrumentationScope."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrace.conventions import SCHEMA_URL
from orchestrace.export.otlp.value import attributes, flat
from orchestrace.export.otlp.wire import delimited, text
from orchestrace.recording.tracer import SCOPE

__all__ = ["encode_resource", "encode_scope", "schema_url"]


def encode_resource(pairs: Mapping[str, object], schema: str = "") -> bytes:
    """
    Return a resource with these attributes, and its schema's address if it has one.

    Attributes that cannot be sent are mended or left out: variables of the environment may hold any byte.
    """
    resource = delimited(b"\x0a", attributes(b"\x0a", pairs, flat))
    return resource + delimited(b"\x1a", text(schema)) if schema else resource


def encode_scope(name: str, version: str = "") -> bytes:
    """Return an instrumentation scope."""
    named = delimited(b"\x0a", text(name)) if name else b""
    return named + delimited(b"\x12", text(version)) if version else named


def schema_url(scope: str) -> str:
    """Return the address of the schema that the records of a scope follow: of our own scope it is known."""
    return SCHEMA_URL if scope == SCOPE else ""
