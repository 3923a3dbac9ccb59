"""Where our spans are made: the provider in use, or the global one."""

from __future__ import annotations

import logging
from functools import lru_cache

from opentelemetry import trace

from orchestrace.conventions import SCHEMA_URL

__all__ = ["SCOPE", "is_apart", "is_silent", "provider", "tracer", "use", "version", "warn_if_unconfigured"]

SCOPE = "orchestrace"
"""Name of our instrumentation scope: spans of another scope are foreign."""

_LOG = logging.getLogger("orchestrace")
_provider: trace.TracerProvider | None = None
_apart = False


def use(provider: trace.TracerProvider | None, *, apart: bool = False) -> None:
    """
    Make spans with `provider` from now on; None means the global one, whenever it comes.

    Our spans are then `apart` from those of the program, or among them.
    """
    global _provider, _apart  # the process has one
    _provider, _apart = provider, apart
    _tracer_of.cache_clear()


def tracer() -> trace.Tracer:
    """Return the tracer of our scope."""
    return _tracer_of(_provider)


def provider() -> trace.TracerProvider:
    """Return the provider that makes our spans."""
    return trace.get_tracer_provider() if _provider is None else _provider


def is_apart() -> bool:
    """Tell whether our spans are made apart from those of the program: neither is then the parent of the other."""
    return _apart


def is_silent() -> bool:
    """Tell whether nothing can be recorded, because no provider was ever set."""
    # The very type: of an abstract one's heirs, `isinstance` asks in Python.
    return _provider is None and type(trace.get_tracer_provider()) is trace.ProxyTracerProvider


def warn_if_unconfigured() -> None:
    """Say once that nothing is recorded, where no provider was ever set."""
    if is_silent():
        _warn_once()


@lru_cache(maxsize=1)
def _tracer_of(provider: trace.TracerProvider | None) -> trace.Tracer:
    # Kept by provider: a thread that is in here while another calls `use` cannot bring the old tracer back.
    return trace.get_tracer(SCOPE, version(), tracer_provider=provider, schema_url=SCHEMA_URL)


@lru_cache(maxsize=1)
def _warn_once() -> None:
    _LOG.warning(
        "orchestrace: a decorated function runs, but nothing is recorded. "
        "Call orchestrace.configure() once at start, or set an OpenTelemetry tracer provider."
    )


@lru_cache(maxsize=1)
def version() -> str:
    """Return the version of this package."""
    from importlib import metadata  # noqa: PLC0415 - 5 ms, wanted once a process

    try:
        return metadata.version("orchestrace")
    except metadata.PackageNotFoundError:
        return "0"
