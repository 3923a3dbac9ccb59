from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from orchestrace.wires import anthropic_messages, openai_chat
from orchestrace.wires.table import HOSTS, WIRES, Match, recognise

CHAT, MESSAGES = openai_chat.WIRE, anthropic_messages.WIRE
OPERATIONS = {"chat.completions": CHAT, "messages": MESSAGES}
"""Which wire reads the recordings of which operation."""

SELF_HOSTED = {"127.0.0.1"}


def concerns(recording: dict[str, Any]) -> bool:
    """Tell that the table must have an answer to every recorded request."""
    return bool(recording)


class TestRecognise:
    @pytest.mark.parametrize(
        ("host", "path", "expected"),
        [
            ("api.openai.com", "/v1/chat/completions", Match(CHAT, "openai", known_host=True)),
            ("api.anthropic.com", "/v1/messages", Match(MESSAGES, "anthropic", known_host=True)),
            ("api.anthropic.com", "/v1/chat/completions", Match(CHAT, "anthropic", known_host=True)),
            ("openrouter.ai", "/api/v1/chat/completions", Match(CHAT, "openrouter", known_host=True)),
            ("openrouter.ai", "/api/v1/messages", Match(MESSAGES, "openrouter", known_host=True)),
            ("api.deepseek.com", "/chat/completions", Match(CHAT, "deepseek", known_host=True)),
            ("a.openai.azure.com", "/openai/v1/chat/completions", Match(CHAT, "azure.ai.openai", known_host=True)),
            ("a.services.ai.azure.com", "/models/chat/completions", Match(CHAT, "azure.ai.inference", known_host=True)),
            ("a.services.ai.azure.com", "/openai/v1/chat/completions", Match(CHAT, "azure.ai.openai", known_host=True)),
        ],
    )
    def test_a_known_host_names_the_provider(self, host: str, path: str, expected: Match) -> None:
        """The end of the path names the wire, the host the provider; what stands before differs from host to host."""
        assert expected == recognise("POST", host, path)

    @pytest.mark.parametrize("name", ["gpt-4o", "my deployment"])
    def test_a_deployment_is_the_model(self, name: str) -> None:
        """Azure's bodies may lack a model: the path says it."""
        path = f"//openai/deployments/{name.replace(' ', '%20')}/chat/completions"

        assert Match(CHAT, "azure.ai.openai", known_host=True, model=name) == recognise(
            "POST", "a.openai.azure.com", path
        )

    @pytest.mark.parametrize("host", ["localhost", "api.openai.com.example.com", "notopenai.azure.com", "example.com"])
    def test_an_unknown_host_proves_nothing(self, host: str) -> None:
        """The path alone gives the wire and its own provider, and leaves the rest to the body."""
        assert Match(CHAT, "openai", known_host=False) == recognise("POST", host, "/v1/chat/completions")
        assert Match(MESSAGES, "anthropic", known_host=False) == recognise("POST", host, "/v1/messages")

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/v1/chat/completions"),
            ("GET", "/v1/chat/completions/chatcmpl-1"),
            ("POST", "/v1/chat/completions/chatcmpl-1"),
            ("DELETE", "/v1/chat/completions/chatcmpl-1"),
            ("POST", "/v1/messages/count_tokens"),
            ("POST", "/v1/messages/batches"),
            ("GET", "/v1/messages"),
            ("POST", "/v1/threads/thread_1/messages"),
            ("POST", "/v1/completions"),
            ("POST", "/v1/models"),
            ("POST", "/"),
            ("POST", ""),
        ],
    )
    def test_other_requests_are_no_calls(self, method: str, path: str) -> None:
        """What a known host does beside model calls is none of our business."""
        assert recognise(method, "api.openai.com", path) is None

    def test_recorded_requests_are_recognised(self, recording: dict[str, Any]) -> None:
        """Of real traffic, exactly the operations that a wire reads are found, on hosts that are known."""
        address = urlsplit(recording["request"]["url"])
        match = recognise(recording["request"]["method"], address.hostname or "", address.path)

        assert OPERATIONS.get(recording["operation"]) == (match.wire if match else None)
        assert match is None or match.known_host is (address.hostname not in SELF_HOSTED)


class TestTable:
    def test_wires_have_names_of_their_own(self) -> None:
        """A wire is known by its name."""
        assert len(WIRES) == len({wire.name for wire in WIRES.values()})

    def test_every_row_can_be_reached(self) -> None:
        """No row stands behind one that fits whatever it fits."""
        reached = [
            recognise("POST", row.host.replace("*", "x."), f"{row.below or '/'}v1/chat/completions") for row in HOSTS
        ]

        assert [row.provider for row in HOSTS] == [match.provider for match in reached if match]
