"""What one model call cost, or why that is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from orchestrace import conventions as names
from orchestrace.recording.guard import guarded
from orchestrace.recording.pricing.counts import INPUT, counts_of, options_of
from orchestrace.recording.pricing.price_list import Asked, is_installed, source, tariff_for
from orchestrace.recording.pricing.tariff import Unpriced
from orchestrace.typing import AttributeValue, Nanoseconds

if TYPE_CHECKING:
    from orchestrace.messages import Usage

__all__ = ["DIGITS", "NO_PROVIDER", "NO_TOKENS", "Cost", "cost_of"]

DIGITS: Final = 12
"""Of a dollar: no price of a token is finer."""

NO_TOKENS: Final = "the answer says no tokens"
NO_PROVIDER: Final = "no provider is known"


class Cost(NamedTuple):
    """US dollars, or the reason why they are not known."""

    usd: float | None = None
    reason: str | None = None

    def attributes(self) -> dict[str, AttributeValue]:
        """Return what stands on the span of the call."""
        if self.usd is not None:
            return {names.COST: self.usd, names.COST_SOURCE: source()}
        return {names.COST_REASON: self.reason or ""}


@guarded("price of a model call", cast("Cost | None", None))
def cost_of(
    usage: Usage | None, provider: str | None, models: Sequence[str | None], tier: object, at: Nanoseconds
) -> Cost | None:
    """
    Return what a call cost that began `at`; None where there is no price list. Never raises.

    `models` are the names of the model that answered, best first; `tier` is the provider's word for its service.
    """
    if not is_installed():
        return None
    counts = {} if usage is None else counts_of(usage)
    if usage is None or not counts:
        return Cost(reason=NO_TOKENS)
    known = tuple(dict.fromkeys(filter(None, models)))
    if not provider:
        return Cost(reason=NO_PROVIDER)
    tariff = tariff_for(Asked(provider, known, options_of(usage, tier)), counts.get(INPUT, 0), at)
    if isinstance(tariff, str):
        return Cost(reason=tariff)
    try:
        return Cost(round(float(tariff.cost(counts)), DIGITS))
    except Unpriced as unpriced:
        return Cost(reason=str(unpriced))
