"""The kinds of work that contenders do, and where."""

from __future__ import annotations

__all__ = ["CHUNKS", "IN_PROCESS", "LOOPBACK", "TRANSPORTS", "TURNS", "WORK"]

CHUNKS = 500
TURNS = 50
WORK = {
    "call": "call: 2 messages of 1 KB",
    "hundred": "call: 100 messages of 1 KB",
    "stream": f"chunk of a stream of {CHUNKS}",
}
"""The kinds of work whose CPU time is measured, and what one unit of each is."""
IN_PROCESS, LOOPBACK = "in-process", "loopback"
TRANSPORTS = (IN_PROCESS, LOOPBACK)
"""Where the provider is: in the client's own process, or in another one, over HTTP."""
