"""What all requests to a target have in common, found out once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
from urllib3.util import Timeout

from orchestrace.export.target import Target

__all__ = ["HttpPost"]


class HttpPost:
    """
    Post to a target over a session of `requests`.

    For each request it would read the environment, ~/.netrc and the address anew, which takes longer than to send one.
    So that is done once, and again when `forget` was called, or where cookies of the receiver's have to go along. A
    session of a credential provider's does it each time: what it adds may be good for one request alone.
    """

    def __init__(self, session: requests.Session, target: Target, headers: Mapping[str, str]) -> None:
        self._session = session
        self._target = target
        self._headers = headers
        key, certificate = target.client_key, target.client_certificate
        pair = (certificate, key) if certificate and key else certificate
        self._certificates: dict[str, Any] = {"verify": target.certificate or None, "cert": pair}
        self._prepared: tuple[requests.PreparedRequest, Mapping[str, Any]] | None = None

    def send(self, body: bytes, timeout: Timeout) -> requests.Response:
        """Send a request; its answer's body is still to be read. Raises what `requests` does."""
        if self._target.credential_provider is not None:
            return self._session.post(
                self._target.url,
                data=body,
                headers=self._headers,
                timeout=timeout,  # type: ignore[arg-type] # it takes urllib3's, too
                allow_redirects=False,
                stream=True,
                **self._certificates,
            )
        request, settings = self._common()
        request.prepare_body(body, None)
        return self._session.send(request, timeout=timeout, allow_redirects=False, **settings)

    def forget(self) -> None:
        """Find out everything anew: proxies may have changed."""
        self._prepared = None

    def _common(self) -> tuple[requests.PreparedRequest, Mapping[str, Any]]:
        if self._prepared is None or self._session.cookies:
            url, merged = self._target.url, self._session.merge_environment_settings
            made = self._session.prepare_request(requests.Request("POST", url, self._headers))
            self._prepared = made, merged(url, proxies={}, stream=True, **self._certificates)
        request, settings = self._prepared
        return request.copy(), settings
