from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrace.doctor.clock import skew
from orchestrace.export.receiver import resolve
from orchestrace.testing import OtlpReceiver
from orchestrace.testing.certificates import Certificates


def skew_of(endpoint: str, protocol: str = "http/protobuf") -> str:
    """Return how far the clock of an endpoint is from ours."""
    receiver = resolve(endpoint=endpoint, protocol=protocol)
    assert receiver is not None
    return skew(receiver.targets["traces"])


class TestSkew:
    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    def test_the_same_clock(self, protocol: str) -> None:
        """There is nothing to say; over gRPC there is nobody to ask."""
        with OtlpReceiver(protocol) as receiver:
            assert "" == skew_of(receiver.endpoint, protocol)

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make certificates")
    def test_one_that_is_not_trusted(self, tmp_path: Path) -> None:
        """Its time is not asked for; that it is not trusted others say."""
        with OtlpReceiver(certificates=Certificates.made_in(tmp_path)) as receiver:
            assert "" == skew_of(receiver.endpoint)

    def test_nobody(self) -> None:
        """That is others' business, too."""
        assert "" == skew_of("http://127.0.0.1:1")
