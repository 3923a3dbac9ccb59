from __future__ import annotations

import httpx
import pytest

from orchestrace.testing import silent_endpoint


class TestSilentEndpoint:
    def test_connections_are_made_and_nothing_is_answered(self) -> None:
        """Whoever asks waits as long as it wants to."""
        with silent_endpoint() as url, pytest.raises(httpx.ReadTimeout):
            httpx.get(url, timeout=0.1, trust_env=False)

    def test_nor_is_a_handshake(self) -> None:
        """For who tests what comes before HTTP."""
        with silent_endpoint("https") as url, pytest.raises(httpx.ConnectTimeout):
            httpx.get(url, timeout=0.1, trust_env=False)
