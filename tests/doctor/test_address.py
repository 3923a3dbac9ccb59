from __future__ import annotations

import pytest

from orchestrace.doctor.address import Address, address_of
from orchestrace.export.receiver import resolve


class TestAddressOf:
    @pytest.mark.parametrize(
        ("endpoint", "protocol", "host", "port"),
        [
            ("http://receiver:4318", "http/protobuf", "receiver", 4318),
            ("http://receiver", "http/protobuf", "receiver", 80),
            ("https://receiver/base", "http/protobuf", "receiver", 443),
            ("http://[::1]:4318", "http/protobuf", "::1", 4318),
            ("receiver:4317", "grpc", "receiver", 4317),
            ("http://receiver:4317", "grpc", "receiver", 4317),
            ("dns:///receiver:4317", "grpc", "receiver", 4317),
        ],
    )
    def test_is_where_requests_go(self, endpoint: str, protocol: str, host: str, port: int) -> None:
        """Whatever way the endpoint is written."""
        receiver = resolve(endpoint=endpoint, protocol=protocol)

        assert receiver is not None
        assert Address(host, port) == address_of(receiver.targets["traces"])


class TestAddress:
    def test_can_be_copied_into_a_url(self) -> None:
        """An address of IPv6 needs its brackets."""
        assert ["[::1]:1", "receiver:1"] == [str(Address("::1", 1)), str(Address("receiver", 1))]
