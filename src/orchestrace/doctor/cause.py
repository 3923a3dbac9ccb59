"""Why a receiver does not take what is sent to it, and what to type."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeAlias

from orchestrace.doctor.address import Address
from orchestrace.doctor.certificate import distrust
from orchestrace.doctor.probe import Speech, offers_http2, speech_at
from orchestrace.doctor.proxy import proxy_of
from orchestrace.export.answer import Answer, Verdict
from orchestrace.export.setting import GENERAL, GRPC, HTTP
from orchestrace.export.target import Target

__all__ = ["cause"]

_OTHER: Final = {4317: 4318, 4318: 4317}
_UIS: Final = {16686: "Jaeger's user interface", 9411: "Zipkin's port", 13133: "the collector's health check"}
_FOREIGN: Final = ("HTTP", "TLS", "web page")
"""Words of whoever answers, and not as a receiver."""
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})

Cause: TypeAlias = tuple[str, str]
"""Why, and what to do."""

_HTTP_ALONE: Final[Cause] = (
    "It speaks HTTP, not gRPC.",
    f"Use --protocol {HTTP} ({GENERAL}PROTOCOL), or the gRPC port, as a rule 4317.",
)
_GRPC_ALONE: Final[Cause] = (
    "It speaks gRPC, not HTTP.",
    f"Use --protocol {GRPC} ({GENERAL}PROTOCOL), or the HTTP port, as a rule 4318.",
)
_FIREWALL: Final = "Open the port in the firewall, or restart the receiver."
_SPEECHES: Final[dict[Speech, Cause]] = {
    "unknown host": (
        "No address is known for that name (DNS).",
        "Correct the name; in a container it is the service's name.",
    ),
    "unreachable": ("No connection within 2 s: a firewall, or a host that is away.", _FIREWALL),
    "silent": ("It takes connections and never answers: a firewall, or a program that hangs.", _FIREWALL),
    "other": ("What listens there speaks neither HTTP nor gRPC.", "Correct the port."),
}


def cause(target: Target, address: Address, answer: Answer) -> Cause:
    """Find out why a target answered as it did, by asking who is there; it takes some seconds."""
    host, port = address.host, address.port
    if port in _UIS:
        return f"Port {port} is {_UIS[port]}.", f"Use http://{host}:4318, or http://{host}:4317 with --protocol grpc."
    if (proxy := proxy_of(target, address)) is not None:
        why = f"It goes through the proxy that {proxy} names: {answer.reason}."
        return why, f"Put {host} into no_proxy, or correct the proxy."
    # Whoever answers in our own language needs no other question.
    if host and (answer.verdict is Verdict.RETRY or any(word in answer.reason for word in _FOREIGN)):
        speech = speech_at(host, port)
        if (found := _by_speech(speech, address, target)) is not None:
            return found
        if speech == "tls" and (found := distrust(address, target) or _behind_tls(address, target, answer)) is not None:
            return found
    return _by_answer(target, answer)


def _by_speech(speech: Speech, address: Address, target: Target) -> Cause | None:
    if speech == "refused":
        return _nobody(address)
    found = _by_language(speech, address, target)
    return found if found is not None else _SPEECHES.get(speech)


def _by_language(speech: Speech, address: Address, target: Target) -> Cause | None:
    if speech == "tls" and target.insecure:
        return "It speaks TLS.", f"Write https://{address}."
    if speech in {"http", "http2"} and not target.insecure:
        return "It does not speak TLS.", f"Write http://{address}."
    if speech == "http" and target.protocol == GRPC:
        return _HTTP_ALONE
    return _GRPC_ALONE if speech == "http2" and target.protocol == HTTP else None


def _behind_tls(address: Address, target: Target, answer: Answer) -> Cause | None:
    speaks_http2 = offers_http2(address.host, address.port)
    if target.protocol == GRPC:
        return None if speaks_http2 else _HTTP_ALONE
    # A server of both languages has answered in the other one, with a status.
    return _GRPC_ALONE if speaks_http2 and not answer.reason[:3].isdecimal() else None


def _nobody(address: Address) -> Cause:
    host = address.host
    other = _OTHER.get(address.port)
    if other and speech_at(host, other) in {"http", "http2"}:
        word = GRPC if other == 4317 else HTTP  # noqa: PLR2004 - gRPC's port
        return f"Nothing listens there, but at {other}.", f"Use http://{host}:{other} with --protocol {word}."
    inside = Path("/.dockerenv").exists() and host in _LOCAL
    hint = " Inside of a container localhost is the container itself." if inside else ""
    return f"Nothing listens there.{hint}", "Start the receiver, or correct host and port."


def _by_answer(target: Target, answer: Answer) -> Cause:
    if answer.is_unknown:
        path = f"/{target.url.partition('//')[2].partition('/')[2].partition('?')[0]}"
        there = f"There is no receiver at {path}" if target.protocol == HTTP else f"It knows no {target.signal.name}"
        do = f"{GENERAL}ENDPOINT is a base, to which {target.signal.path} is added; a signal's own is whole."
        return f"{there}: {answer.reason}.", do
    if answer.verdict is Verdict.UNWELCOME:
        do = f"Correct the key in {GENERAL}HEADERS; if it points elsewhere, write that address."
        return f"It refuses us: {answer.reason}.", do
    return f"It says: {answer.reason}.", "Look at the receiver's own log."
