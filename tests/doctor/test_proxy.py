from __future__ import annotations

import pytest

from orchestrace.doctor.address import address_of
from orchestrace.doctor.proxy import proxy_of
from orchestrace.export.receiver import resolve

NAMES = ("grpc_proxy", "https_proxy", "http_proxy", "all_proxy", "no_proxy", "no_grpc_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def proxy(endpoint: str, protocol: str) -> str | None:
    """Return the proxy for an endpoint."""
    receiver = resolve(endpoint=endpoint, protocol=protocol)
    assert receiver is not None
    target = receiver.targets["traces"]
    return proxy_of(target, address_of(target))


class TestProxyOf:
    @pytest.mark.parametrize(
        ("variable", "endpoint", "protocol"),
        [
            ("http_proxy", "http://receiver:4318", "http/protobuf"),
            ("HTTPS_PROXY", "https://receiver:4318", "http/protobuf"),
            ("all_proxy", "http://receiver:4318", "http/protobuf"),
            ("grpc_proxy", "http://receiver:4317", "grpc"),
            ("https_proxy", "http://receiver:4317", "grpc"),
        ],
    )
    def test_names_the_variable(
        self, variable: str, endpoint: str, protocol: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As each of the two libraries reads it."""
        monkeypatch.setenv(variable, "http://user:password@proxy:3128")

        assert f"{variable} (proxy:3128)" == proxy(endpoint, protocol)

    @pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
    def test_hosts_can_be_left_out(self, protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The usual way out."""
        monkeypatch.setenv("http_proxy", "http://proxy:3128")
        monkeypatch.setenv("no_proxy", "other,.inside")

        assert proxy("http://receiver.inside:4318", protocol) is None
        assert proxy("http://receiver.outside:4318", protocol) is not None

    def test_there_is_none(self) -> None:
        """No variable, no proxy."""
        assert proxy("http://receiver:4318", "http/protobuf") is None
