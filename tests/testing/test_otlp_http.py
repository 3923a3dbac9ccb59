from __future__ import annotations

import gzip
import ssl
from pathlib import Path

import httpx
import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from orchestrace.testing import Certificates, OtlpReceiver, Reply


class TestHttpServer:
    def test_a_connection_is_kept(self) -> None:
        """As a real receiver keeps it; stopping ends it."""
        with httpx.Client(trust_env=False, timeout=5) as client:
            receiver = OtlpReceiver()
            with receiver:
                url = f"{receiver.endpoint}/v1/logs"
                first, second = (client.post(url).extensions["network_stream"] for _ in range(2))
                same = first.get_extra_info("client_addr") == second.get_extra_info("client_addr")
            with pytest.raises(httpx.TransportError):
                client.post(url)

        assert same

    @pytest.mark.parametrize("packed", [True, False])
    def test_what_is_too_large_is_refused(self, packed: bool) -> None:  # noqa: FBT001 - a parameter of the test
        """With the collector's status and words, also where it is large only when it is unpacked."""
        body = b"\0" * 2000
        headers = {"content-encoding": "gzip"} if packed else {}
        with OtlpReceiver(limit=1000) as receiver:
            content = gzip.compress(body) if packed else body
            answer = httpx.post(f"{receiver.endpoint}/v1/traces", content=content, headers=headers, trust_env=False)

        assert (400, "http: request body too large") == (
            answer.status_code,
            Status.FromString(answer.content).message,
        )
        assert [] == receiver.requests

    def test_a_refusal_has_words(self) -> None:
        """As a `google.rpc.Status`, which OTLP asks for."""
        with OtlpReceiver(reply=Reply(400, message="bad span")) as receiver:
            answer = httpx.post(f"{receiver.endpoint}/v1/traces", trust_env=False)

        assert "bad span" == Status.FromString(answer.content).message

    def test_tls_may_want_to_know_its_clients(self, tmp_path: Path) -> None:
        """Who has no certificate of the authority is not let in."""
        try:
            made = Certificates.made_in(tmp_path)
        except FileNotFoundError as error:
            pytest.skip(str(error))
        known = ssl.create_default_context(cafile=made.authority)
        unknown = ssl.create_default_context(cafile=made.authority)
        known.load_cert_chain(made.client, made.client_key)
        with OtlpReceiver(certificates=made, known_clients=True) as receiver:
            url = f"{receiver.endpoint}/v1/traces"
            status = httpx.post(url, verify=known, trust_env=False).status_code
            with pytest.raises(httpx.TransportError):
                httpx.post(url, verify=unknown, trust_env=False)

        assert (200, "https") == (status, url.partition(":")[0])
