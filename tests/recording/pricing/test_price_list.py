from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from orchestrace.recording import guard
from orchestrace.recording.pricing import price_list
from orchestrace.recording.pricing.price_list import NO_PRICE, NO_TERMS, Asked, is_installed, source, tariff_for
from orchestrace.recording.pricing.tariff import Tariff
from orchestrace.wires.hosts import HOSTS

genai_prices = pytest.importorskip("genai_prices")
data_snapshot = pytest.importorskip("genai_prices.data_snapshot")
types = pytest.importorskip("genai_prices.types")

NOW = time.time_ns()
MINUTE = 60_000_000_000
COUNTS = {"input_tokens": 1000, "output_tokens": 100, "cache_read_tokens": 200}


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Begin with nothing that another test has found out, and leave nothing."""
    price_list._entries.clear()
    yield
    price_list._entries.clear()


def cost(asked: Asked, counts: dict[str, int] | None = None, at: int = NOW) -> float:
    """Return what a call costs."""
    tariff = tariff_for(asked, (counts or COUNTS)["input_tokens"], at)
    assert isinstance(tariff, Tariff), tariff
    return float(tariff.cost(counts or COUNTS))


@pytest.fixture
def own_list() -> Iterator[Any]:
    """Give the list of a program that keeps its own; it has a model whose price is told."""

    def put(price: str) -> None:
        match = types.ClauseEquals("mine")
        prices = types.ModelPrice(input_mtok=Decimal(price), output_mtok=Decimal(0))
        provider = types.Provider("own", "Own", "x", models=[types.ModelInfo("mine", match, prices=prices)])
        data_snapshot.set_custom_snapshot(data_snapshot.DataSnapshot([provider], from_auto_update=False))

    yield put
    data_snapshot.set_custom_snapshot(None)


class TestTariffFor:
    @pytest.mark.parametrize(
        ("provider", "model"),
        [("openai", "gpt-4o-2024-08-06"), ("anthropic", "claude-sonnet-4-5"), ("gcp.gemini", "gemini-2.5-pro")],
    )
    @pytest.mark.parametrize("size", [1000, 250_000])
    def test_it_is_what_the_list_says(self, provider: str, model: str, size: int) -> None:
        """Of models whose prices rise with the size of the input, too."""
        counts = {**COUNTS, "input_tokens": size}
        theirs = genai_prices.calc_price(
            genai_prices.Usage(**counts), model, provider_id={"gcp.gemini": "google"}.get(provider, provider)
        )

        assert float(theirs.total_price) == pytest.approx(cost(Asked(provider, (model,)), counts), rel=1e-9)

    def test_the_first_model_that_is_known_counts(self) -> None:
        """A provider's own name for a deployment is none."""
        assert cost(Asked("openai", ("gpt-4o",))) == cost(Asked("openai", ("my-deployment", "gpt-4o")))

    @pytest.mark.parametrize("asked", [Asked("openai", ("nobody",)), Asked("nobody", ("gpt-4o",)), Asked("", ("m",))])
    def test_what_is_not_known_has_a_reason(self, asked: Asked) -> None:
        """No price is guessed from the name of a model."""
        assert NO_PRICE == tariff_for(asked, 1, NOW)

    def test_a_tier_has_its_own_price_or_none(self) -> None:
        """The ordinary price would be wrong."""
        assert cost(Asked("openai", ("gpt-5",))) == cost(Asked("openai", ("gpt-5",), (("service_tier", "default"),)))
        assert cost(Asked("openai", ("gpt-5",))) < cost(Asked("openai", ("gpt-5",), (("service_tier", "priority"),)))
        assert NO_TERMS == tariff_for(Asked("openai", ("gpt-4o",), (("service_tier", "scale"),)), 1, NOW)
        assert NO_TERMS == tariff_for(Asked("anthropic", ("claude-opus-4-5",), (("service_tier", "priority"),)), 1, NOW)

    def test_the_price_of_the_day_counts(self) -> None:
        """Of a model that is cheaper at night, and of what was asked before it became cheaper."""
        day, night = 1_750_000_000 // 86400 * 86400 + 12 * 3600, 1_750_000_000 // 86400 * 86400 + 20 * 3600
        deepseek = Asked("deepseek", ("deepseek-chat",))

        assert cost(deepseek, at=day * 10**9) > cost(deepseek, at=night * 10**9)

    def test_a_list_that_the_program_renews_counts_within_a_minute(self, own_list: Any) -> None:
        """It is asked again; within the minute it is not."""
        asked, begin = Asked("own", ("mine",)), NOW // MINUTE * MINUTE
        own_list("1")
        first = cost(asked, at=begin)
        own_list("3")

        assert [first, first, 3 * first] == [first, *(cost(asked, at=begin + after) for after in (MINUTE - 1, MINUTE))]

    def test_a_fault_of_theirs_is_reported(self, own_list: Any) -> None:
        """The call has no price, and the program goes on."""
        own_list("NaN")
        before = guard.faults().get("price of a model call", 0)

        assert NO_PRICE == tariff_for(Asked("own", ("mine",)), 1, NOW)
        assert before + 1 == guard.faults()["price of a model call"]

    def test_names_without_end_are_forgotten(self) -> None:
        """A program that names each model differently does not fill the memory."""
        for n in range(price_list._MOST + 5):
            tariff_for(Asked("nobody", (f"m{n}",)), 1, NOW)

        assert price_list._MOST >= len(price_list._entries)

    def test_providers_go_by_their_own_names(self) -> None:
        """Those of the hosts that we know; whoever is in the list is found."""
        known = {provider.id for provider in data_snapshot.get_snapshot().providers}
        ours = {row.provider for row in HOSTS}

        assert {"azure.ai.openai", "novita_ai", "x_ai", "z_ai"} <= ours
        assert set(price_list._PROVIDERS.values()) <= known


PROGRAM = """
import sys, threading
{before}
import orchestrace
from orchestrace.testing import capture
with capture() as spans, orchestrace.agent(name="A"):
    assert "genai_prices" not in sys.modules or {before!r}
    with orchestrace.llm_call(model="gpt-4o", provider="openai") as call:
        call.response("x", usage={{"input_tokens": 1000, "output_tokens": 1000}})
print(sorted(name for name in spans.attributes("invoke_agent A") if ".cost" in name), threading.active_count())
"""


def run(before: str) -> str:
    """Run a program in which a call has a price, and return what it says of it."""
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", PROGRAM.format(before=before)], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


class TestLoading:
    def test_it_is_loaded_by_the_first_call_and_asks_nobody(self) -> None:
        """No thread is started that would renew it: there are the main one and our own."""
        assert "['orchestrace.usage.cost.usd'] 2" == run("")

    def test_where_it_is_not_installed_nothing_is_said(self) -> None:
        """Not even a reason: there is none for each call."""
        assert "[] 2" == run("sys.modules['genai_prices'] = None")


class TestSource:
    def test_names_the_list_and_its_version(self) -> None:
        """Prices change with it."""
        assert is_installed()
        assert f"genai-prices {genai_prices.__version__}" == source()
