"""
What one model charges for each thing that can be counted, found out from `genai-prices` by asking it.

Its calculation takes 70 to 90 µs for each call. All of its prices are linear in what is counted, between the sizes of
the input at which they change. So it is asked once for each of these: what a little of each costs, and a call is then
a few multiplications. Nothing but its documented function and what that returns is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from orchestrace.recording.pricing.counts import INPUT, OUTPUT, WITHIN

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["Tariff", "Unpriced", "build_tariff", "steps_of"]

_SAMPLE: Final = 1_000_000


class Unpriced(Exception):  # noqa: N818 - no error: there is no price
    """Say why there is no price."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """
    The prices of one model, in dollars a piece, for inputs of one size.

    What is a part of something else (tokens from a cache, of the input) has the difference that it makes. An input or
    output for which the model has no price is absent.
    """

    prices: Mapping[str, Decimal]
    fixed: Decimal

    def cost(self, counts: Mapping[str, int]) -> Decimal:
        """Return what it costs. Raises Unpriced where there was an input or output that has no price."""
        found = self.fixed
        for name, count in counts.items():
            if (price := self.prices.get(name)) is not None:
                found += price * count
            elif name in (INPUT, OUTPUT):
                msg = f"no price is known for this model's {name.replace('_', ' ')}"
                raise Unpriced(msg)
        return found


def steps_of(model_price: object) -> tuple[int, ...]:
    """Return the sizes of the input, in tokens, above which other prices are in force."""
    tiered = [tiers for price in vars(model_price).values() if (tiers := getattr(price, "tiers", None))]
    return tuple(sorted({tier.start for tiers in tiered for tier in tiers}))


def build_tariff(ask: Callable[[dict[str, int]], Any], input_tokens: int) -> tuple[Tariff, int, int | None]:
    """
    Return the tariff that is in force for an input of that size, and for which sizes: above the first, to the second.

    `ask` prices counts as `genai_prices.calc_price` does, and raises what that raises; for counts that it does not
    know, `AttributeError`.
    """
    asked = ask({})
    steps = steps_of(asked.model_price)
    above = max((step for step in steps if step < input_tokens), default=-1)
    most = min((step for step in steps if step >= input_tokens), default=None)
    size = above + 1 if above > 0 else _SAMPLE if most is None else max(most, 1)
    prices = dict(_prices(ask, asked.model_price, size))
    return Tariff(prices, asked.total_price), above, most


def _prices(ask: Callable[[dict[str, int]], Any], model_price: object, size: int) -> Any:  # noqa: ANN401 - pairs
    nothing = {INPUT: size}
    known: dict[str, Decimal] = {}
    alone = ask(nothing).total_price
    if _has_price(model_price, "input"):
        known[INPUT] = (alone - ask({}).total_price) / size
    if _has_price(model_price, "output"):
        known[OUTPUT] = (ask({**nothing, OUTPUT: size}).total_price - alone) / size
    for name, wholes in WITHIN.items():
        around = {**nothing, **dict.fromkeys(wholes, size)}
        try:
            known[name] = (ask({**around, name: size}).total_price - ask(around).total_price) / size
        except AttributeError:  # an older version, which knows no price for it
            continue
    return known.items()


def _has_price(model_price: object, direction: str) -> bool:
    return any(price is not None and name.startswith(direction) for name, price in vars(model_price).items())
