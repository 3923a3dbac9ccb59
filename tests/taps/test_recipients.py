from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.exceptions import ConfigurationError
from orchestrace.taps.recipients import VARIABLE, Recipient, are_told, is_told, stated, use


@pytest.fixture(autouse=True)
def _nobody_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let each test name its own."""
    monkeypatch.delenv(VARIABLE, raising=False)
    use(None)
    yield
    use(None)


class TestStated:
    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            ("billing.internal", Recipient("billing.internal")),
            ("Billing.Internal.", Recipient("billing.internal")),
            ("localhost:8001", Recipient("localhost", 8001)),
            ("*.svc.cluster.local", Recipient("*.svc.cluster.local")),
            ("*.mesh:8443", Recipient("*.mesh", 8443)),
            ("10.0.0.7", Recipient("10.0.0.7")),
            ("[::1]:80", Recipient("::1", 80)),
            ("crm_v2", Recipient("crm_v2")),
        ],
    )
    def test_reads_hosts_domains_and_ports(self, said: str, expected: Recipient) -> None:
        """As they stand in an address."""
        assert (expected,) == stated([said])

    @pytest.mark.parametrize(
        "said", ["", "*", "*.", "http://billing", "billing/v1", "a b", "billing:0", "billing:99999", "bil*ing", 5, None]
    )
    def test_what_is_no_host_is_an_error(self, said: Any) -> None:
        """Which says what one looks like."""
        with pytest.raises(ConfigurationError, match=r"propagate_to=.* is no host: .* 'billing.internal'"):
            stated([said])

    @pytest.mark.parametrize("said", ["api.openai.com", "API.OpenAI.com:443", "*.com", "x.openai.azure.com"])
    def test_a_provider_is_an_error(self, said: str) -> None:
        """No request to a model's provider says who the user is, by mistake neither."""
        with pytest.raises(ConfigurationError, match="a provider of models"):
            stated([said])

    def test_the_variable_is_a_list(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With commas; blanks and empty items do not matter."""
        monkeypatch.setenv(VARIABLE, " billing.internal, localhost:8001,,")

        assert (Recipient("billing.internal"), Recipient("localhost", 8001)) == stated()

    def test_an_error_names_the_variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever sets it does not know the code."""
        monkeypatch.setenv(VARIABLE, "api.openai.com")

        with pytest.raises(ConfigurationError, match=f"{VARIABLE}=api.openai.com would tell openai"):
            stated()

    @given(st.text(max_size=40))
    def test_any_text_is_a_host_or_an_error(self, said: str) -> None:
        """Nothing else comes of it."""
        try:
            (found,) = stated([said])
        except ConfigurationError:
            return
        assert found.host


class TestIsTold:
    def test_by_default_nobody_is(self) -> None:
        """It is for the program to say who is its own."""
        assert not are_told()
        assert not is_told("localhost", 80)

    @pytest.mark.parametrize(
        ("host", "port", "told"),
        [
            ("billing.internal", 80, True),
            ("Billing.Internal.", 443, True),
            ("evil-billing.internal", 80, False),
            ("billing.internal.example.com", 80, False),
            ("a.mesh", 1, True),
            ("a.b.mesh", 1, True),
            ("mesh", 1, False),
            ("amesh", 1, False),
            ("localhost", 8001, True),
            ("localhost", 8002, False),
            ("localhost", None, False),
            ("::1", 9, True),
        ],
    )
    def test_hosts_domains_and_ports_decide(self, host: str, port: int | None, *, told: bool) -> None:
        """A domain is all below it, and not itself."""
        use(stated(["billing.internal", "*.mesh", "localhost:8001", "[::1]"]))

        assert told == is_told(host, port)

    def test_a_provider_below_a_domain_is_not(self) -> None:
        """A cloud has its own services under the domain of its customers'."""
        use(stated(["*.us-east-1.amazonaws.com"]))

        assert is_told("orders.us-east-1.amazonaws.com", 443)
        assert not is_told("bedrock-runtime.us-east-1.amazonaws.com", 443)

    def test_the_variable_is_read_when_it_is_asked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Once."""
        monkeypatch.setenv(VARIABLE, "localhost")
        assert are_told()
        monkeypatch.setenv(VARIABLE, "")
        assert are_told()
        assert is_told("localhost", 1)
