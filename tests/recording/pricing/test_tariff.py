from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from orchestrace.recording.pricing.tariff import Tariff, Unpriced, build_tariff, steps_of

genai_prices = pytest.importorskip("genai_prices")
types = pytest.importorskip("genai_prices.types")


def tiered(base: str, *tiers: tuple[int, str]) -> Any:
    """Return a price that changes with the size of the input."""
    return types.TieredPrices(Decimal(base), [types.Tier(start, Decimal(price)) for start, price in tiers])


class Answer:
    """What a calculation gives."""

    def __init__(self, model_price: Any, total: Decimal) -> None:
        self.model_price = model_price
        self.total_price = total


class Model:
    """A model of which prices are known, and what was asked about it."""

    def __init__(self, **prices: Any) -> None:
        self.price = types.ModelPrice(**prices)
        self.asked = 0

    def __call__(self, counts: dict[str, int]) -> Answer:
        self.asked += 1
        return Answer(self.price, self.price.calc_price(genai_prices.Usage(**counts))["total_price"])


MODEL = Model(
    input_mtok=tiered("3", (200, "6"), (1000, "9")),
    output_mtok=Decimal(15),
    cache_read_mtok=Decimal("0.3"),
    cache_write_mtok=Decimal("3.75"),
    cache_write_1h_mtok=Decimal(6),
)


class TestBuildTariff:
    @pytest.mark.parametrize("size", [0, 1, 199, 200, 201, 1000, 1001, 5000])
    def test_it_charges_what_the_list_does(self, size: int) -> None:
        """To the last digit that there is, for every size of the input, and for every part of it."""
        counts = {
            "input_tokens": size,
            "output_tokens": 70,
            "cache_read_tokens": size // 3,
            "cache_write_tokens": size // 4,
            "cache_write_1h_tokens": size // 5,
        }
        tariff, above, most = build_tariff(MODEL, size)

        assert float(MODEL(counts).total_price) == pytest.approx(float(tariff.cost(counts)), rel=1e-12)
        assert above < size
        assert most is None or size <= most

    def test_a_size_says_up_to_where_it_holds(self) -> None:
        """So that the next call of another size asks again."""
        assert [(-1, 200), (200, 1000), (1000, None)] == [build_tariff(MODEL, size)[1:] for size in (200, 201, 1001)]

    def test_what_has_no_price_is_not_free(self) -> None:
        """An output that a model of embeddings never had."""
        tariff, _, _ = build_tariff(Model(input_mtok=Decimal(1)), 10)

        assert Decimal("0.00001") == tariff.cost({"input_tokens": 10})
        with pytest.raises(Unpriced, match="no price is known for this model's output tokens"):
            tariff.cost({"input_tokens": 10, "output_tokens": 1})

    def test_a_model_with_no_price_at_all_has_none(self) -> None:
        """It is in the list, and that is all."""
        with pytest.raises(Unpriced):
            build_tariff(Model(), 10)[0].cost({"input_tokens": 10})

    def test_what_a_call_costs_by_itself(self) -> None:
        """Some providers charge for each request, too."""
        tariff, _, _ = build_tariff(Model(input_mtok=Decimal(1), requests_kcount=Decimal(12)), 10)

        assert Decimal("0.01201") == tariff.cost({"input_tokens": 10})

    def test_a_version_that_knows_fewer_counts(self) -> None:
        """What it has no price for costs what it is a part of."""

        def ask(counts: dict[str, int]) -> Answer:
            if counts.keys() & {"cache_write_1h_tokens", "web_searches", "input_image_tokens"}:
                raise AttributeError
            return MODEL(counts)

        tariff, _, _ = build_tariff(ask, 10)
        written = {"input_tokens": 10, "cache_write_tokens": 4}

        assert tariff.cost(written) == tariff.cost({**written, "cache_write_1h_tokens": 4})


class TestTariff:
    def test_nothing_costs_what_is_fixed(self) -> None:
        """And no more."""
        assert Decimal(1) == Tariff({}, Decimal(1)).cost({})


class TestStepsOf:
    def test_each_once_in_order(self) -> None:
        """A price that does not change has none."""
        price = types.ModelPrice(input_mtok=tiered("1", (9, "2"), (5, "3")), output_mtok=tiered("1", (9, "2")))

        assert (5, 9) == steps_of(price)
        assert () == steps_of(types.ModelPrice(input_mtok=Decimal(1)))
