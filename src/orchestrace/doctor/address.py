"""Host and port of a receiver."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from orchestrace.export.setting import GRPC
from orchestrace.export.target import Target

__all__ = ["Address", "address_of"]


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port; the host is empty for what is no network's, such as a socket of this machine's."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_of(target: Target) -> Address:
    """Return where requests of a target go, as far as that can be told."""
    url = target.url
    if target.protocol == GRPC:
        # gRPC's own names, such as dns:///host:port.
        url = "//" + url.rpartition("/")[2]
    try:
        where = urlsplit(url)
        usual = 443 if target.protocol == GRPC or not target.insecure else 80
        return Address(where.hostname or "", where.port or usual)
    except ValueError:
        return Address("", 0)
