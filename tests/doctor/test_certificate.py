from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrace.doctor.address import address_of
from orchestrace.doctor.certificate import distrust
from orchestrace.export.receiver import resolve
from orchestrace.testing import OtlpReceiver
from orchestrace.testing.certificates import Certificates

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make certificates")


def asked(receiver: OtlpReceiver) -> tuple[str, str] | None:
    """Return what is wrong with a receiver's certificate."""
    found = resolve(endpoint=receiver.endpoint)
    assert found is not None
    target = found.targets["traces"]
    return distrust(address_of(target), target)


class TestDistrust:
    def test_an_authority_that_nobody_knows(self, tmp_path: Path) -> None:
        """The variable is named that makes it known."""
        with OtlpReceiver(certificates=Certificates.made_in(tmp_path)) as receiver:
            why, do = asked(receiver) or ("", "")

        assert why.startswith("Nobody who is trusted here has signed")
        assert "OTEL_EXPORTER_OTLP_CERTIFICATE" in do

    def test_another_name(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is for a host of another name than the one that is asked."""
        certificates = Certificates.made_in(tmp_path, "DNS:elsewhere.example")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", certificates.authority)
        with OtlpReceiver(certificates=certificates) as receiver:
            why, _ = asked(receiver) or ("", "")

        assert why.startswith("Its certificate is for another name")

    def test_a_receiver_that_knows_its_clients(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A client without a certificate is told which variables give it one."""
        certificates = Certificates.made_in(tmp_path)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", certificates.authority)
        with OtlpReceiver(certificates=certificates, known_clients=True) as receiver:
            _, do = asked(receiver) or ("", "")

        assert "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE" in do

    def test_one_that_is_trusted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """There is nothing to say."""
        certificates = Certificates.made_in(tmp_path)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", certificates.authority)
        with OtlpReceiver(certificates=certificates) as receiver:
            assert asked(receiver) is None
