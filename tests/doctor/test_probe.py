from __future__ import annotations

import shutil
import socket
from contextlib import closing
from pathlib import Path

import pytest

from orchestrace.doctor.probe import offers_http2, speech_at
from orchestrace.testing import OtlpReceiver
from orchestrace.testing.certificates import Certificates


def port_of(receiver: OtlpReceiver) -> int:
    """Return the port that it listens at."""
    return int(receiver.endpoint.rpartition(":")[2])


class TestSpeechAt:
    @pytest.mark.parametrize(("protocol", "speech"), [("http/protobuf", "http"), ("grpc", "http2")])
    def test_tells_http_from_grpc(self, protocol: str, speech: str) -> None:
        """Each answers a request in HTTP/1 in its own way."""
        with OtlpReceiver(protocol) as receiver:
            assert speech == speech_at("127.0.0.1", port_of(receiver))

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program to make certificates")
    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    def test_tells_tls(self, protocol: str, tmp_path: Path) -> None:
        """Whatever is spoken behind it, and whoever signed."""
        with OtlpReceiver(protocol, certificates=Certificates.made_in(tmp_path)) as receiver:
            assert "tls" == speech_at("127.0.0.1", port_of(receiver))

    def test_tells_that_nobody_listens(self) -> None:
        """The port is closed."""
        with closing(socket.create_server(("127.0.0.1", 0))) as listening:
            port = listening.getsockname()[1]

        assert "refused" == speech_at("127.0.0.1", port)

    def test_tells_that_nobody_answers(self) -> None:
        """The port is open, and that is all."""
        with closing(socket.create_server(("127.0.0.1", 0))) as listening:
            assert "silent" == speech_at("127.0.0.1", listening.getsockname()[1])

    def test_tells_a_name_that_nobody_has(self) -> None:
        """There is no such top-level domain, and never will be."""
        assert "unknown host" == speech_at("receiver.invalid", 4318)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program to make certificates")
class TestOffersHttp2:
    @pytest.mark.parametrize(("protocol", "offers"), [("http/protobuf", False), ("grpc", True)])
    def test_grpc_does(self, protocol: str, offers: bool, tmp_path: Path) -> None:  # noqa: FBT001 - pytest's
        """What is spoken behind TLS is agreed upon before it is spoken."""
        with OtlpReceiver(protocol, certificates=Certificates.made_in(tmp_path)) as receiver:
            assert offers == offers_http2("127.0.0.1", port_of(receiver))
