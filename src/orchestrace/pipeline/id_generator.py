"""
Who makes the ids of traces and spans: a random generator, or what a variable names.

    OTEL_PYTHON_ID_GENERATOR   the entry point of a generator, in the group `opentelemetry_id_generator`
"""

from __future__ import annotations

import os
from importlib import metadata
from typing import Final

from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator

from orchestrace.exceptions import ConfigurationError

__all__ = ["configured_id_generator"]

_VARIABLE: Final = "OTEL_PYTHON_ID_GENERATOR"
_GROUP: Final = "opentelemetry_id_generator"


def configured_id_generator() -> IdGenerator:
    """Return the generator for a provider of ours, a random one by default. Raises ConfigurationError."""
    name = os.environ.get(_VARIABLE, "").strip()
    if not name:
        return RandomIdGenerator()
    found = next(iter(metadata.entry_points(group=_GROUP, name=name)), None)
    if found is None:
        msg = f"{_VARIABLE}={name!r} is no generator that is installed: install its package, or leave the variable out."
        raise ConfigurationError(msg)
    generator: IdGenerator = found.load()()
    return generator
