"""An address that accepts connections and never says a word, as behind some firewalls."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["silent_endpoint"]


@contextmanager
def silent_endpoint(scheme: str = "http") -> Iterator[str]:
    """Yield a URL on this machine where connections are made, and nothing is ever answered: no handshake, no HTTP."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        yield f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
