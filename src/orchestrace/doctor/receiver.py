"""A real round trip to the receiver: an empty request of each signal, and the cause where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from orchestrace.doctor.address import Address, address_of
from orchestrace.doctor.cause import cause
from orchestrace.doctor.clock import skew
from orchestrace.doctor.finding import OK, PROBLEM, WARNING, Finding
from orchestrace.exceptions import ConfigurationError
from orchestrace.export.answer import Answer, Verdict
from orchestrace.export.receiver import resolve
from orchestrace.export.setting import setting
from orchestrace.export.signal import TRACES
from orchestrace.export.target import Target, open  # noqa: A004 - a sender, no file
from orchestrace.settings import Settings

__all__ = ["check"]

_CHECK: Final = "receiver"
_SECONDS: Final = 4.0
_EMPTY: Final = b""
"""A request without a span, a metric or a record is a valid one."""


def check(settings: Settings) -> Iterator[Finding]:
    """Send nothing, as each signal; where one does not arrive, the others are not tried at the same place."""
    given = settings.endpoint, settings.protocol, settings.headers
    try:
        found = resolve(endpoint=given[0], protocol=given[1], headers=given[2])
    except ConfigurationError:
        return  # told by the check of settings
    failed: set[Address] = set()
    for target in found.targets.values() if found is not None else ():
        if (address := address_of(target)) in failed:
            continue
        finding = _tried(replace(target, timeout=min(target.timeout, _SECONDS)), address, settings)
        yield finding
        if finding.state == PROBLEM:
            failed.add(address)


def _tried(target: Target, address: Address, settings: Settings) -> Finding:
    name = target.signal.name
    try:
        answer = _answer(target)
    except ConfigurationError as error:
        return Finding(_CHECK, PROBLEM, f"{name} cannot be sent", str(error), "Correct it.")
    if answer.verdict is Verdict.ACCEPTED:
        return _accepted(target, address)
    if target.signal is not TRACES and answer.is_unknown:
        return Finding(_CHECK, OK, f"{address} knows no {name} (as Jaeger): none are sent")
    why, do = cause(target, address, answer)
    said = setting(target.signal, "ENDPOINT", settings.endpoint)
    where = "" if said is None else f", {said.where}{'=' * said.explicit}"
    return Finding(_CHECK, PROBLEM, f"{name} do not arrive at {address} ({target.protocol}{where})", why, do)


def _answer(target: Target) -> Answer:
    sender = open(target)
    try:
        return sender.send(_EMPTY)
    finally:
        sender.close()


def _accepted(target: Target, address: Address) -> Finding:
    name = target.signal.name
    if target.signal is TRACES and (why := skew(target)):
        return Finding(_CHECK, WARNING, f"{name} are accepted; its clock is not ours", why, "Synchronise both clocks.")
    return Finding(_CHECK, OK, f"{name} are accepted by {address} ({target.protocol})")
