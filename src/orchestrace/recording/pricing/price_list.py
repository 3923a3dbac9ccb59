"""
The price list: the package `genai-prices`, if it is installed, and what it said of the models that were asked.

It is loaded when the first call has tokens to be priced, never before, and never asked to renew itself: nothing here
touches the network. A program that does so by itself has its prices here within a minute.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache, partial
from typing import Any, Final, TypeAlias

from orchestrace.recording.guard import report
from orchestrace.recording.pricing.tariff import Tariff, Unpriced, build_tariff
from orchestrace.typing import Nanoseconds

__all__ = ["NO_PRICE", "NO_TERMS", "Asked", "is_installed", "source", "tariff_for"]

NO_PRICE: Final = "no price is known for this model"
NO_TERMS: Final = "no price is known for this tier of service"

_MINUTE: Final = 60_000_000_000
_MOST: Final = 1000
"""Tariffs that are kept: a model that is named differently in each call must not fill the memory."""

_PROVIDERS: Final = {
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "novita_ai": "novita",
    "x_ai": "x-ai",
    "z_ai": "zai",
}
"""The list's own words for providers, where it does not know those of the conventions."""

_TIER: Final = ("service_tier", "default")
"""OpenAI's word for the ordinary tier; some of its models have a price under it."""

_Terms: TypeAlias = "tuple[tuple[str, str], ...]"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who answered, as which of `models` (the first that has a price), on which terms."""

    provider: str
    models: tuple[str, ...]
    terms: _Terms = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    minute: int
    tariff: Tariff | str
    above: int = -1
    most: int | None = None

    def covers(self, minute: int, size: int) -> bool:
        return self.minute == minute and self.above < size and (self.most is None or size <= self.most)


_entries: Final[dict[Asked, tuple[_Entry, ...]]] = {}
"""What was found out this minute. Prices change with the hour, and with a list that the program renews."""


@lru_cache(maxsize=1)
def is_installed() -> bool:
    """Tell whether there is a price list."""
    from importlib.util import find_spec  # noqa: PLC0415 - 1 ms at import, wanted at the first end

    return find_spec("genai_prices") is not None


@lru_cache(maxsize=1)
def source() -> str:
    """Return which list it is, with its version."""
    from importlib.metadata import version  # noqa: PLC0415 - 10 ms at import, wanted where there is a list

    return f"genai-prices {version('genai-prices')}"


def tariff_for(asked: Asked, size: int, at: Nanoseconds) -> Tariff | str:
    """Return what was in force at a time for an input of `size` tokens, or why that is not known. Never raises."""
    minute = at // _MINUTE
    kept = _entries.get(asked, ())
    found = next((entry for entry in kept if entry.covers(minute, size)), None)
    if found is None:
        found = _look_up(asked, size, minute)
        if len(_entries) >= _MOST:
            _entries.clear()
        _entries[asked] = (*(entry for entry in kept if entry.minute == minute), found)
    return found.tariff


def _look_up(asked: Asked, size: int, minute: int) -> _Entry:
    reason = NO_PRICE
    moment = datetime.fromtimestamp(minute * 60, timezone.utc)
    for model in asked.models:
        try:
            return _Entry(minute, *build_tariff(partial(_price, asked, model, moment), size))
        except LookupError:
            continue
        except Unpriced as unpriced:
            reason = str(unpriced)
        except Exception as error:  # noqa: BLE001 - somebody else's package
            report("price of a model call", error)
    return _Entry(minute, reason)


def _price(asked: Asked, model: str, moment: datetime, counts: dict[str, int]) -> Any:  # noqa: ANN401 - theirs
    import genai_prices  # noqa: PLC0415 - 0.15 to 0.35 s: its own types, pydantic, an HTTP client

    known: Any = genai_prices.Usage()
    for name in counts:
        getattr(known, name)  # AttributeError: this version does not know it
    options: dict[str, Any] = {"price_context": dict(asked.terms)} if asked.terms and _knows_terms() else {}
    provider = _PROVIDERS.get(asked.provider, asked.provider)
    found: Any = genai_prices.calc_price(
        genai_prices.Usage(**counts), model, provider_id=provider, genai_request_timestamp=moment, **options
    )
    variants = (getattr(found.model, "price_variants", None) or ()) if options else ()
    if not all(_is_priced(term, variants) for term in asked.terms):
        raise Unpriced(NO_TERMS)
    return found


def _is_priced(term: tuple[str, str], variants: Sequence[Any]) -> bool:
    return term == _TIER or any(variant.when.get(term[0]) == term[1] for variant in variants)


@lru_cache(maxsize=1)
def _knows_terms() -> bool:
    import genai_prices  # noqa: PLC0415 - as above

    return "price_context" in inspect.signature(genai_prices.calc_price).parameters
