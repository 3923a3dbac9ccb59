"""
What became of the spans of this process, as metrics: a dashboard sees that something waits, or was lost.

    orchestrace.spans.ended = delivered + waiting + refused + dropped, the last by `orchestrace.drop.reason`
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from orchestrace import conventions as names
from orchestrace.balance import Balance
from orchestrace.recording.measuring import meter
from orchestrace.recording.tracer import SCOPE, version

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Observation

__all__ = ["observe"]

_UNIT: Final = "{span}"
_GROWING: Final = {
    names.SPANS_ENDED: "Spans that ended in this process.",
    names.SPANS_DELIVERED: "Of these, the spans that a receiver has acknowledged.",
    names.SPANS_DROPPED: "Of these, the spans that will not be sent.",
}
_CHANGING: Final = {
    names.SPANS_WAITING: "Of these, the spans that are not acknowledged yet.",
    names.SPANS_REFUSED: "Of these, the spans that the receiver does not want.",
}

_known: weakref.WeakSet[Any] = weakref.WeakSet()
"""Meter providers that ask already: they do so for life."""
_balance: Callable[[], Balance] | None = None


def observe(balance: Callable[[], Balance] | None) -> None:
    """Have whoever hears of our metrics be told what `balance` says, each time they are collected; None: no more."""
    global _balance  # noqa: PLW0603 - the process has one configuration
    _balance = balance
    provider = meter.provider()
    if balance is None or provider is None or provider in _known:
        return
    _known.add(provider)
    scope = provider.get_meter(SCOPE, version())
    for name, words in _GROWING.items():
        scope.create_observable_counter(name, [_callback(name)], _UNIT, words)
    for name, words in _CHANGING.items():
        scope.create_observable_up_down_counter(name, [_callback(name)], _UNIT, words)


def _callback(name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def asked(_: CallbackOptions) -> Iterable[Observation]:
        from opentelemetry.metrics import Observation  # noqa: PLC0415 - where metrics are collected

        if (balance := _balance) is None:
            return []
        if name == names.SPANS_DROPPED:
            return [Observation(spans, {names.DROP_REASON: reason}) for reason, spans in balance().dropped.items()]
        return [Observation(getattr(balance(), name.rpartition(".")[2]))]

    return asked
