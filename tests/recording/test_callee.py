from __future__ import annotations

from orchestrace.recording.callee import Callee


class TestCallee:
    def test_what_is_not_known_is_left_out(self) -> None:
        """Nobody reads a server that was made up."""
        assert {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"} == Callee(
            "chat", "openai"
        ).attributes()

    def test_what_is_known_has_the_names_of_the_conventions(self) -> None:
        """The operation, who answers, and where."""
        assert {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.provider.name": "openai",
            "server.address": "api.openai.com",
            "server.port": 443,
        } == Callee("embeddings", "openai", "api.openai.com", 443).attributes()
