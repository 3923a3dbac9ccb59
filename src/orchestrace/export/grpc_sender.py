"""Send requests over gRPC: bytes in, bytes out, on a channel of our own."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

import grpc  # type: ignore[import-untyped]

from orchestrace.exceptions import ConfigurationError
from orchestrace.export.answer import Answer, Verdict
from orchestrace.export.grpc_answer import read_error
from orchestrace.export.otlp.reading import partial_success
from orchestrace.export.resolving import PROVIDERS
from orchestrace.export.secrecy import Secrets
from orchestrace.export.target import Target
from orchestrace.recording.tracer import version

__all__ = ["GrpcSender"]

_COMPRESSIONS: Final = {"none": grpc.Compression.NoCompression, "gzip": grpc.Compression.Gzip}
_UNAVAILABLE: Final = grpc.StatusCode.UNAVAILABLE


class GrpcSender:
    """Call a target's service. Each call that found nobody there leaves its channel behind, which would wait."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._secrets = Secrets(target)
        self._metadata = tuple(target.headers.items())
        self._credentials = None if target.insecure else _credentials(target)
        self._is_closed = False
        self._connect()

    def send(self, body: bytes) -> Answer:
        """Send an encoded request once. Never raises."""
        try:
            answer = self._call(body)
        except grpc.RpcError as error:
            if error.code() is _UNAVAILABLE and not self._is_closed:
                self._channel.close()
                self._connect()
            answer = self._error(error)
        except Exception as error:  # noqa: BLE001 - what gRPC says of a closed channel, or of metadata
            reason = "closed while it was sending" if self._is_closed else f"{type(error).__name__}: {error}"
            answer = Answer(Verdict.RETRY, reason)
        return replace(answer, reason=self._secrets.hide(answer.reason))

    def close(self) -> None:
        """Close the channel; a call on it ends."""
        self._is_closed = True
        self._channel.close()

    def _connect(self) -> None:
        options = (
            ("grpc.primary_user_agent", f"orchestrace/{version()}"),
            # Else a channel to the same place shares a connection, and how long it waits after a failure.
            ("grpc.use_local_subchannel_pool", 1),
        )
        compression = _COMPRESSIONS[self._target.compression]
        if self._credentials is None:
            self._channel = grpc.insecure_channel(self._target.url, options, compression)
        else:
            self._channel = grpc.secure_channel(self._target.url, self._credentials, options, compression)
        self._method = self._channel.unary_unary(self._target.signal.method)

    def _call(self, body: bytes) -> Answer:
        answer = self._method(body, timeout=self._target.timeout, metadata=self._metadata)
        try:
            rejected, said = partial_success(answer)
        except ValueError:  # whatever it is, it says that all is well
            return Answer(Verdict.ACCEPTED)
        return Answer(Verdict.ACCEPTED, said, rejected=max(0, rejected))

    def _error(self, error: Any) -> Answer:  # noqa: ANN401 - gRPC has no types
        metadata = [(datum.key, datum.value) for datum in error.trailing_metadata() or ()]
        return read_error(error.code().name, error.details() or "", metadata, self._target.timeout)


def _credentials(target: Target) -> Any:  # noqa: ANN401 - gRPC has no types
    if target.credential_provider is not None:
        (provider, *_) = entry_points(group=PROVIDERS, name=target.credential_provider)
        given = provider.load()()
        if not isinstance(given, grpc.ChannelCredentials):
            kind = type(given).__name__
            msg = f"The credential provider {target.credential_provider!r} gave {kind}, no grpc.ChannelCredentials."
            raise ConfigurationError(msg)
        return given
    # One file may hold both.
    key = target.client_key or target.client_certificate
    return grpc.ssl_channel_credentials(*map(_content, (target.certificate, key, target.client_certificate)))


def _content(file: str | None) -> bytes | None:
    return None if file is None else Path(file).read_bytes()
