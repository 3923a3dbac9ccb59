from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from orchestrace.testing import Certificates


class TestCertificates:
    def test_are_of_one_authority(self, tmp_path: Path) -> None:
        """Those of server and client can be loaded with their keys, and name the same issuer."""
        try:
            made = Certificates.made_in(tmp_path)
        except FileNotFoundError as error:
            pytest.skip(str(error))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(made.authority)
        context.load_cert_chain(made.client, made.client_key)
        context.load_cert_chain(made.server, made.server_key)

        assert [((("commonName", "authority"),),)] == [one["issuer"] for one in context.get_ca_certs()]

    def test_need_the_program(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where it is absent, that is what is said."""
        monkeypatch.setenv("PATH", "")

        with pytest.raises(FileNotFoundError, match="No program openssl was found in PATH"):
            Certificates.made_in(tmp_path)
