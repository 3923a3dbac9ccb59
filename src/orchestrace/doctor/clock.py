"""Whether the receiver's clock says what ours does: spans of the wrong time are where nobody looks for them."""

from __future__ import annotations

import ssl
import time
from contextlib import closing
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from orchestrace.export.setting import HTTP
from orchestrace.export.target import Target

__all__ = ["skew"]

_SECONDS: Final = 2.0
_TOLERATED: Final = 60.0


def skew(target: Target) -> str:
    """Return how far the clocks are apart, in words, if it is too far; over gRPC nobody says what time it is."""
    if target.protocol != HTTP:
        return ""
    try:
        ahead = parsedate_to_datetime(_date(target) or "").timestamp() - time.time()
    except (OSError, HTTPException, TypeError, ValueError):
        return ""
    way = "ahead of" if ahead > 0 else "behind"
    return f"Its clock is {abs(ahead):.0f} s {way} ours." if abs(ahead) > _TOLERATED else ""


def _date(target: Target) -> str | None:
    url = urlsplit(target.url)
    host, port = url.hostname or "", url.port
    if target.insecure:
        connection = HTTPConnection(host, port, timeout=_SECONDS)
    else:
        context = ssl.create_default_context(cafile=target.certificate)
        connection = HTTPSConnection(host, port, timeout=_SECONDS, context=context)
    with closing(connection):
        connection.request("HEAD", url.path or "/")
        return connection.getresponse().getheader("date")
