"""Who is at an address, and what language they speak: found out by asking, in bounded time."""

from __future__ import annotations

import socket
import ssl
from typing import Final, Literal, TypeAlias

__all__ = ["Speech", "offers_http2", "speech_at"]

Speech: TypeAlias = Literal["unknown host", "refused", "unreachable", "silent", "http", "http2", "tls", "other"]

_CONNECT: Final = 2.0
_ANSWER: Final = 1.5
_GREETING: Final = b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
_TLS_WORDS: Final = (b"HTTP request to an HTTPS server", b"HTTP request was sent to HTTPS port")
_ENOUGH: Final = 4096
_HTTP2: Final = (b"\x04", b"\x07")
"""Types of the frame that an HTTP/2 server begins with: SETTINGS, GOAWAY."""


def speech_at(host: str, port: int) -> Speech:
    """Connect, ask in plain HTTP/1, and tell what came back. Never raises."""
    try:
        with socket.create_connection((host, port), _CONNECT) as line:
            line.settimeout(_ANSWER)
            said = _heard(line, host)
    except socket.gaierror:
        return "unknown host"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "unreachable"
    return _speech(said, host, port)


def _speech(said: bytes | None, host: str, port: int) -> Speech:
    if said is None:
        return "silent"
    if said.startswith(b"HTTP/"):
        return "tls" if any(words in said for words in _TLS_WORDS) else "http"
    if said[3:4] in _HTTP2:
        return "http2"
    return "tls" if said[:2] == b"\x15\x03" or _speaks_tls(host, port) else "other"


def _heard(line: socket.socket, host: str) -> bytes | None:
    """Return what came before the line was closed, or for some time; None where nothing came, and it is open."""
    said = b""
    try:
        line.sendall(_GREETING % host.encode("idna"))
        while len(said) < _ENOUGH and (chunk := line.recv(_ENOUGH)):
            said += chunk
    except TimeoutError:
        return said or None
    except (OSError, UnicodeError):
        pass
    return said


def offers_http2(host: str, port: int) -> bool:
    """Tell whether a server behind TLS takes HTTP/2, as every server of gRPC does. Never raises."""
    context = _trusting()
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        with (
            socket.create_connection((host, port), _CONNECT) as line,
            context.wrap_socket(line, server_hostname=host) as secured,
        ):
            return secured.selected_alpn_protocol() == "h2"
    except OSError:
        return False


def _speaks_tls(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), _CONNECT) as line:
            line.settimeout(_ANSWER)
            with _trusting().wrap_socket(line, server_hostname=host):
                return True
    except ssl.SSLError as error:
        return "ALERT" in str(error).upper()
    except OSError:
        return False


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    # Only who is there is asked; nothing is sent.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
