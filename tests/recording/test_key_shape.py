from __future__ import annotations

import pytest

from orchestrace.recording.key_shape import anywhere, at_start, inside, label_of

RANDOM = "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3"
KEYS = {
    "sk-" + "proj-" + RANDOM: "openai-key",
    "sk-" + "ant-api03-" + RANDOM: "anthropic-key",
    "sk-" + "or-v1-" + RANDOM: "openrouter-key",
    "AKIA" + "IOSFODNN7EXAMPLE": "aws-key",
    "AIza" + "Sy" + RANDOM[:33]: "google-key",
    "github" + "_pat_" + RANDOM: "github-token",
    "xoxb" + "-123456789012-" + RANDOM: "slack-token",
    "rk_" + "live_" + RANDOM: "stripe-key",
    "hf_" + RANDOM: "huggingface-token",
    "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J": "jwt",
}


class TestShapes:
    @pytest.mark.parametrize("key", KEYS)
    def test_a_key_is_found_whole(self, key: str) -> None:
        """What is found begins with the prefix and ends with the key."""
        found = anywhere().search(f"({key})")

        assert found is not None
        assert key == found.group()

    @pytest.mark.parametrize("key", KEYS)
    def test_a_key_is_found_at_the_start_and_behind_a_separator(self, key: str) -> None:
        """A very long word is looked at only where a key can begin."""
        found = inside().search("A" * 2000 + "/" + key)

        assert found is not None
        assert at_start().match("A" * 2000 + "/" + key, found.end())

    @pytest.mark.parametrize("key", [key for key in KEYS if not key.startswith(("rk", "git", "xox"))])
    def test_no_key_begins_in_the_middle_of_a_word(self, key: str) -> None:
        """Data in base64 and words like `task-…` are no keys, unless nothing else can look so."""
        found = anywhere().search("0" + key[:30])

        assert found is None


class TestLabelOf:
    @pytest.mark.parametrize(("key", "label"), KEYS.items())
    def test_the_label_names_the_issuer(self, key: str, label: str) -> None:
        """The longest prefix decides."""
        assert label == label_of(key)

    def test_an_unknown_prefix_is_a_key(self) -> None:
        """A shape that nobody named still gets a marker."""
        assert label_of("zz-1") == "key"
