"""Ask a server for JSON; whatever else comes back is an error that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import requests

from orchestrace.exceptions import SourceError
from orchestrace.sources.document import parsed

__all__ = ["TIMEOUT", "Answer", "Inquiry", "without_password"]

TIMEOUT: Final = 30.0
"""Seconds that a server may be silent."""
_MOST: Final = 1 << 30
"""Bytes of an answer: a trace that is larger is for no one to read."""
_PIECE: Final = 1 << 16
_NOT_FOUND: Final = 404
_LOGIN: Final = (401, 403, 407)
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: its bytes, and whether the server says that there is no such thing."""

    body: bytes
    missing: bool


@dataclass(frozen=True, slots=True)
class Inquiry:
    """How to ask: with which headers, and for how many seconds the server may be silent."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float = TIMEOUT

    def get(self, url: str, **parameters: str) -> Answer:
        """
        Return what a server answers.

        Headers may hold keys, so they follow no redirection. Raises SourceError for no answer, and for any that is no
        document; one that is not found is `missing`.
        """
        try:
            with requests.get(
                url,
                params=parameters,
                headers={"Accept": "application/json", **self.headers},
                timeout=self.timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _read(response)
        except (requests.RequestException, ValueError) as error:
            raise SourceError(_unreachable(url, error, self.timeout)) from error
        _check(response, body, url)
        return Answer(body, response.status_code == _NOT_FOUND)

    def document(self, url: str, **parameters: str) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON that a server answers; None if there is no such thing. Raises SourceError."""
        answer = self.get(url, **parameters)
        return None if answer.missing else parsed(answer.body, f"The answer of {without_password(url)}")[0]


def without_password(url: str) -> str:
    """Return an address as it may be printed."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "What stands there as an address"
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _read(response: requests.Response) -> bytes:
    body = bytearray()
    for piece in response.iter_content(_PIECE):
        body += piece
        if len(body) > _MOST:
            msg = f"The answer of {without_password(response.url)} is larger than 1 GiB."
            raise SourceError(msg)
    return bytes(body)


def _check(response: requests.Response, body: bytes, url: str) -> None:
    place, status = without_password(url), response.status_code
    if status in _LOGIN:
        msg = f"{place} wants to know who asks (HTTP {status}): give --header 'Authorization: …', or what it takes."
        raise SourceError(msg)
    if response.is_redirect:
        where = without_password(response.headers.get("Location", ""))
        msg = f"{place} sends elsewhere, to {where}: give that address, or --header if that is where one logs in."
        raise SourceError(msg)
    if body.lstrip()[:1] == b"<" and status != _NOT_FOUND:
        msg = (
            f"{place} answers with a page (HTML), not JSON: is it a Jaeger, under this path, and not a login before it?"
        )
        raise SourceError(msg)
    if not response.ok and status != _NOT_FOUND:
        said = " ".join(body[:_SHOWN].decode("utf-8", "replace").split())
        msg = f"{place} answers with HTTP {status}: {said or response.reason}."
        raise SourceError(msg)


def _unreachable(url: str, error: Exception, timeout: float) -> str:
    place = without_password(url)
    if isinstance(error, requests.Timeout):
        return f"{place} gave no answer within {timeout:g} s: see --timeout."
    if isinstance(error, requests.exceptions.SSLError):
        return (
            f"{place} has a certificate that is not trusted, or speaks no TLS: see REQUESTS_CA_BUNDLE, or use http://."
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return f"The proxy for {place} cannot be reached: see HTTPS_PROXY and NO_PROXY."
    if isinstance(error, ValueError):  # requests' own, about an address or a header that cannot be sent
        return f"{place} cannot be asked: is it whole, and so is each --header?"
    return f"{place} cannot be reached: does Jaeger listen there? Its page and API have port 16686."
