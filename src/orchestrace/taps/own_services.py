"""
Requests of `httpx` and `httpx2` to services of the program's own say whose run it is.

It is written where a client hands each request to its transport: after a redirect that is another one, perhaps to
somebody else. What was written is kept with the request, and taken back before the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

from opentelemetry.context import get_current

from orchestrace.recording.carrier import PARENT, RUN, write
from orchestrace.taps.patch import Patches
from orchestrace.taps.recipients import is_told

__all__ = ["install"]

_TRANSPORTS: Final = ("HTTPTransport", "AsyncHTTPTransport", "ASGITransport", "WSGITransport", "MockTransport")
_METHODS: Final = ("handle_request", "handle_async_request")
_WRITTEN: Final = "orchestrace_written"
_PORTS: Final = {"http": 80, "https": 443}


def install(library: ModuleType, patches: Patches) -> None:
    """Follow the requests that the transports of `library` send."""
    for transport in (getattr(library, name, None) for name in _TRANSPORTS):
        for method in _METHODS:
            if transport is not None:
                patches.follow(transport, method, _sent)


def _sent(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    request = args[1] if len(args) > 1 else kwargs["request"]
    url, extensions = request.url, request.extensions
    is_ours = is_told(url.host, url.port or _PORTS.get(url.scheme))
    if _WRITTEN in extensions:
        _take_back(request.headers, extensions[_WRITTEN])
    elif not is_ours:
        return
    # A dictionary of its own: a client may give one to all of its requests.
    request.extensions = extensions | {_WRITTEN: _put(request.headers) if is_ours else {}}


def _put(headers: Any) -> dict[str, str]:  # noqa: ANN401 - headers of either library
    fields = write(get_current())
    if RUN not in fields or RUN in headers:  # nothing of ours is around, or the program has written it itself
        return {}
    if PARENT in headers:  # another instrumentation's span of this very request
        fields = {RUN: fields[RUN]}
    headers.update(fields)
    return fields


def _take_back(headers: Any, written: Mapping[str, str]) -> None:  # noqa: ANN401 - likewise
    for name, value in written.items():
        if headers.get(name) == value:
            del headers[name]
