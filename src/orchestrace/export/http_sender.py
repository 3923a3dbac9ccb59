"""Send requests over HTTP, one connection kept for all of them."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

import requests
from requests.exceptions import ConnectTimeout, ProxyError, ReadTimeout, RequestException
from urllib3.exceptions import ProtocolError
from urllib3.util import Timeout

from orchestrace.export.answer import Answer, Verdict
from orchestrace.export.connection_fault import causes, is_cut, words_for
from orchestrace.export.http_answer import read_answer
from orchestrace.export.http_post import HttpPost
from orchestrace.export.http_session import close_session, open_session
from orchestrace.export.secrecy import Secrets
from orchestrace.export.target import Target
from orchestrace.recording.tracer import version

__all__ = ["HttpSender"]

_COMPRESS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
    "deflate": zlib.compress,
}
_LONGEST_ANSWER: Final = 65_536


class HttpSender:
    """Post to a target, as `requests` does it: with proxies and authorities out of its own variables, too."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._host = urlsplit(target.url).netloc.rpartition("@")[2]
        self._secrets = Secrets(target)
        self._compress = _COMPRESS.get(target.compression)
        headers = {
            "content-type": "application/x-protobuf",
            "user-agent": f"orchestrace/{version()}",
            **({"content-encoding": target.compression} if self._compress else {}),
            **target.headers,
        }
        self._session = open_session(target)
        self._post = HttpPost(self._session, target, headers)
        self._is_connected = False
        self._is_closed = False

    def send(self, body: bytes) -> Answer:
        """Send an encoded request once. Never raises."""
        if self._is_closed:
            return Answer(Verdict.RETRY, "closed")
        until = time.monotonic() + self._target.timeout
        try:
            if self._compress is not None:
                body = self._compress(body)
            answer = self._sent_again(body, until)
        except Exception as error:  # noqa: BLE001 - what comes out of a session is anybody's
            self._post.forget()
            answer = self._fault(error)
        if self._is_closed:  # meanwhile: what was on its way has given its connection back
            close_session(self._session)
        return replace(answer, reason=self._secrets.hide(answer.reason))

    def close(self) -> None:
        """Close the connection, unless a request is on its way: it closes its own."""
        self._is_closed = True
        close_session(self._session)

    def _sent_again(self, body: bytes, until: float) -> Answer:
        try:
            return self._sent(body, until)
        except RequestException as error:
            # A connection that was kept may have been closed while the request was on its way: that says nothing
            # about the receiver, which is asked again at once.
            kept, self._is_connected = self._is_connected, False
            if not kept or not any(isinstance(cause, ProtocolError) for cause in causes(error)):
                raise
        return self._sent(body, until)

    def _sent(self, body: bytes, until: float) -> Answer:
        left = max(until - time.monotonic(), 0.001)
        # All of connecting and waiting, where a number would be the limit of each.
        with self._post.send(body, Timeout(total=left)) as response:
            answer = read_answer(response.status_code, response.headers, _content(response, until))
        self._is_connected = True
        return answer

    def _fault(self, error: Exception) -> Answer:
        if self._is_closed:
            return Answer(Verdict.RETRY, "closed while it was sending")
        seconds = f"within {self._target.timeout:g} s"
        if isinstance(error, ConnectTimeout):
            return Answer(Verdict.RETRY, f"no connection {seconds}")
        if isinstance(error, (ReadTimeout, TimeoutError)):
            return Answer(Verdict.RETRY, f"no answer {seconds}")
        if isinstance(error, RequestException) and isinstance(error, ValueError):  # a URL, a header
            return Answer(Verdict.UNWELCOME, f"it cannot be sent so ({type(error).__name__})")
        words = words_for(error, self._host)
        if isinstance(error, ProxyError):
            return Answer(Verdict.RETRY, f"proxy: {words}")
        return Answer(Verdict.RETRY, words, is_cut=is_cut(error))


def _content(response: requests.Response, until: float) -> bytes:
    content = b""
    # What becomes of the rest of an answer changes nothing about its status: sent again, what was accepted would come
    # twice, each time, and what is refused would stand in the way of all that comes after it.
    with suppress(Exception):
        # A piece is waited for until it is whole: small ones, so that an answer that trickles is cut off in time.
        for chunk in response.iter_content(64):
            content += chunk
            if len(content) > _LONGEST_ANSWER or time.monotonic() > until:
                break
    return content
