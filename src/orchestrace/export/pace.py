"""
How the forwarder goes about it, as OpenTelemetry's variables for batches say.

    OTEL_BSP_MAX_EXPORT_BATCH_SIZE   records of a request, at most; 512
    OTEL_BSP_SCHEDULE_DELAY          milliseconds that one waits for others; 750, so that a run which lasts for a second
                                     is seen within the next

There is no queue whose size could be set: what waits is on disk.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from orchestrace.exceptions import ConfigurationError

__all__ = ["Pace", "configured_pace"]


@dataclass(frozen=True, slots=True)
class Pace:
    """How many records go together at most, and how many seconds one waits for others."""

    batch: int = 512
    delay: float = 0.75


def configured_pace() -> Pace:
    """Return what the variables say. Raises ConfigurationError."""
    usual = Pace()
    batch = _number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", usual.batch)
    delay = _number("OTEL_BSP_SCHEDULE_DELAY", int(usual.delay * 1000))
    return Pace(batch, delay / 1000)


def _number(variable: str, usual: int) -> int:
    said = os.environ.get(variable, "").strip()
    if not said:
        return usual
    if not said.isdecimal() or int(said) < 1:
        msg = f"{variable}={said!r} is no number of 1 or more: write one, or leave it out for {usual}."
        raise ConfigurationError(msg)
    return int(said)
