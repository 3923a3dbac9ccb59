"""Make a target out of arguments and variables, and say at once what in them cannot work."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from opentelemetry.util.re import parse_env_headers

from orchestrace.exceptions import ConfigurationError
from orchestrace.export.setting import GENERAL, GRPC, HTTP, Setting, named_protocol, sends, setting
from orchestrace.export.signal import TRACES, Signal
from orchestrace.export.target import Target

__all__ = ["PROVIDERS", "target"]

PROVIDERS: Final = "opentelemetry_otlp_credential_provider"
"""The group of entry points that OpenTelemetry looks for credential providers in."""

_SPACE: Final = re.compile(r"\s")
_SECONDS: Final = re.compile(r"(?=.*[1-9])[0-9]+(\.[0-9]+)?")
_DEFAULT_SECONDS: Final = 10.0
_LONGEST_SECONDS: Final = 86_400.0
"""A day: sockets take no number that is much larger, and nobody waits so long."""
_PEM: Final = b"-----BEGIN "
_NO_COMPRESSION: Final = "none"
_COMPRESSIONS: Final = {HTTP: (_NO_COMPRESSION, "gzip", "deflate"), GRPC: (_NO_COMPRESSION, "gzip")}
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_HEADER_VALUE: Final = {
    HTTP: re.compile(r"(?!\s)[^\x00-\x08\x0a-\x1f\x7f\u0100-\U0010ffff]*"),
    GRPC: re.compile(r"[ -~]*"),
}


def target(signal: Signal, *, endpoint: str | None, protocol: str | None, headers: Mapping[str, str]) -> Target | None:
    """Return where a signal goes; None where it is not to be sent. Raises ConfigurationError."""
    receiver = setting(signal, "ENDPOINT", endpoint)
    if not sends(signal) or receiver is None:
        return None
    word = _protocol(setting(signal, "PROTOCOL", protocol or named_protocol(signal)))
    url, insecure = _ADDRESSES[word](signal, receiver)
    files = _files(signal)
    return Target(
        signal=signal,
        protocol=word,
        url=url,
        destination=_shown(receiver),
        headers=_headers(signal, word, headers),
        timeout=_timeout(signal),
        compression=_compression(signal, word),
        insecure=insecure,
        certificate=files["CERTIFICATE"],
        client_certificate=files["CLIENT_CERTIFICATE"],
        client_key=files["CLIENT_KEY"],
        credential_provider=_credential_provider(signal, word),
    )


def _protocol(said: Setting | None) -> str:
    word = HTTP if said is None else said.value.lower()
    if word not in _ADDRESSES:
        msg = f"{said} is no protocol that can be sent: write {HTTP!r} (the default) or {GRPC!r}."
        raise ConfigurationError(msg)
    return word


def _http_address(signal: Signal, receiver: Setting) -> tuple[str, bool]:
    url = _split(receiver)
    if url.scheme not in {"http", "https"} or not url.hostname or _SPACE.search(url.netloc):
        msg = (
            f"{receiver} is no address for {HTTP}: write 'http://host:4318' or 'https://host:4318', "
            f"or choose the protocol {GRPC!r}, which takes 'host:port' too."
        )
        raise ConfigurationError(msg)
    insecure = url.scheme == "http"
    if receiver.own:
        return receiver.value, insecure
    path = url.path.rstrip("/").removesuffix(TRACES.path) if receiver.explicit else url.path.removesuffix("/")
    return url._replace(path=path + signal.path).geturl(), insecure


def _grpc_address(signal: Signal, receiver: Setting) -> tuple[str, bool]:
    url = _split(receiver)
    if _SPACE.search(receiver.value) or (url.scheme in {"http", "https"} and not url.hostname):
        msg = f"{receiver} is no address for {GRPC}: write 'http://host:4317', 'https://host:4317' or 'host:port'."
        raise ConfigurationError(msg)
    said = setting(signal, "INSECURE")
    insecure = url.scheme == "http" if said is None else said.value.lower() == "true"
    return url.netloc or receiver.value, insecure and url.scheme != "https"


_ADDRESSES: Final[dict[str, Callable[[Signal, Setting], tuple[str, bool]]]] = {
    HTTP: _http_address,
    GRPC: _grpc_address,
}


def _timeout(signal: Signal) -> float:
    said = setting(signal, "TIMEOUT")
    if said is not None and not _SECONDS.fullmatch(said.value):
        msg = f"{said} is no number of seconds: write one, or leave the variable out for {_DEFAULT_SECONDS:g}."
        raise ConfigurationError(msg)
    return _DEFAULT_SECONDS if said is None else min(float(said.value), _LONGEST_SECONDS)


def _compression(signal: Signal, protocol: str) -> str:
    said = setting(signal, "COMPRESSION")
    word = _NO_COMPRESSION if said is None else said.value.lower()
    if word not in _COMPRESSIONS[protocol]:
        msg = f"{said} is not known: write one of {', '.join(_COMPRESSIONS[protocol])}."
        raise ConfigurationError(msg)
    return word


def _files(signal: Signal) -> dict[str, str | None]:
    # The stock exporters log what they cannot read, and go on without it.
    said = {name: setting(signal, name) for name in ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY")}
    for file in filter(None, said.values()):
        try:
            content = Path(file.value).read_bytes()
        except OSError as error:
            msg = f"{file} cannot be read ({error.strerror}): name a PEM file, or leave the variable out."
            raise ConfigurationError(msg) from error
        if _PEM not in content:
            msg = f"{file} is no PEM file (without '{_PEM.decode()}…'): name one, or leave the variable out."
            raise ConfigurationError(msg)
    if said["CLIENT_KEY"] is not None and said["CLIENT_CERTIFICATE"] is None:
        msg = f"{said['CLIENT_KEY']} is of no use alone: set {GENERAL}CLIENT_CERTIFICATE, too."
        raise ConfigurationError(msg)
    return {name: None if file is None else file.value for name, file in said.items()}


def _headers(signal: Signal, protocol: str, more: Mapping[str, str]) -> dict[str, str]:
    said = setting(signal, "HEADERS")
    merged = dict(parse_env_headers(said.value, liberal=True)) if said is not None else {}
    # gRPC refuses capitals.
    merged |= {name.lower(): value for name, value in more.items()}
    for name, value in merged.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE[protocol].fullmatch(value):
            msg = (
                f"The header {name!r} (argument headers, or {GENERAL}HEADERS) cannot be sent over {protocol}: "
                "it has characters that no header may have. Encode them, or leave it out."
            )
            raise ConfigurationError(msg)
    return merged


def _credential_provider(signal: Signal, protocol: str) -> str | None:
    kind = "GRPC" if protocol == GRPC else "HTTP"
    both = [f"OTEL_PYTHON_EXPORTER_OTLP_{kind}_{of}CREDENTIAL_PROVIDER" for of in ("", f"{signal.word}_")]
    # The stock exporter for HTTP looks at the general one first, that for gRPC last.
    for variable in both if kind == "HTTP" else reversed(both):
        if name := os.environ.get(variable, "").strip():
            if not entry_points(group=PROVIDERS, name=name):
                msg = f"{variable}={name!r} is not installed: there is no such entry point in the group {PROVIDERS!r}."
                raise ConfigurationError(msg)
            return name
    return None


def _split(receiver: Setting) -> SplitResult:
    try:
        url = urlsplit(receiver.value)
        _ = url.port  # read now, and wrong now
    except ValueError as error:
        msg = f"{receiver} is no address ({error}): write 'http://host:port'."
        raise ConfigurationError(msg) from error
    return url


def _shown(receiver: Setting) -> str:
    url = _split(receiver)
    if not url.netloc:
        return receiver.value.rpartition("@")[2]
    return url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="").geturl()
