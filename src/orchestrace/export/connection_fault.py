"""Say in few words why there was no answer: the cause, out of the exceptions that wrap it."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from http.client import BadStatusLine, RemoteDisconnected

__all__ = ["causes", "is_cut", "words_for"]

_ERRNOS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
}


def words_for(error: BaseException, host: str) -> str:
    """Return why `host` did not answer, without addresses and settings."""
    found = [*causes(error)]
    for say in (_tls, _name, _protocol, _system):
        for cause in found:
            if words := say(cause, host):
                return words
    return type(found[-1]).__name__


def is_cut(error: BaseException) -> bool:
    """Tell whether a connection broke that had been made."""
    return any(
        isinstance(cause, (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)) for cause in causes(error)
    )


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those behind it, each once."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and not any(one is other for other in seen):
            seen.append(one)
            # requests and urllib3 keep the cause in `args` or `reason`.
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
            yield one


def _tls(cause: BaseException, host: str) -> str | None:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"TLS: certificate verify failed: {getattr(cause, 'verify_message', 'no reason given')}"
    if not isinstance(cause, ssl.SSLError):
        return None
    said = (getattr(cause, "reason", None) or str(cause)).replace("_", " ").lower()
    if "wrong version number" in said or "record layer" in said or "http request" in said:
        return f"TLS: {said}; is what listens on {host} without TLS?"
    return f"TLS: {said}"


def _name(cause: BaseException, host: str) -> str | None:
    return f"the host name of {host} cannot be resolved" if isinstance(cause, (socket.gaierror, UnicodeError)) else None


def _protocol(cause: BaseException, _: str) -> str | None:
    if isinstance(cause, RemoteDisconnected):
        return "connection closed without an answer"
    if isinstance(cause, BadStatusLine):
        return "the answer is no HTTP/1.1; is it a port for gRPC?"
    return None


def _system(cause: BaseException, _: str) -> str | None:
    if not isinstance(cause, OSError) or cause.errno is None:
        return None
    return _ERRNOS.get(cause.errno) or os.strerror(cause.errno).lower()
