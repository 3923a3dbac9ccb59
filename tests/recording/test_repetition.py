from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.messages import blob, text
from orchestrace.recording import repetition
from orchestrace.recording.document import LIMIT, write
from orchestrace.recording.masking import SECRET
from orchestrace.recording.repetition import write_objects, write_parameters

# Put together here, so that no scanner takes this file for a leak.
KEY = "sk-" + "proj-" + "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3"
PIECES = [
    "AKIA" + "IOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
    "Authorization",
    "Bearer ",
    "password=",
    "token",
    "https://user:",
    "hunter2hunter2@host",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAx",
    "\n-----END RSA PRIVATE KEY-----",
    KEY,
    "\\",
    '"',
    "é",
]
TEXTS = st.text(max_size=5) | st.lists(st.sampled_from(PIECES), max_size=4).map("".join)


def message(content: str) -> dict[str, Any]:
    """Return a message of one text."""
    return {"role": "user", "parts": [text(content)]}


OBJECTS = st.lists(st.dictionaries(TEXTS, TEXTS, max_size=3) | TEXTS.map(message), max_size=4)


class TestWriteObjects:
    @given(OBJECTS)
    def test_says_what_a_whole_document_says(self, objects: list[dict[str, Any]]) -> None:
        """No key, no name and no address reaches from one object into the next."""
        assert [write(objects)] * 3 == [write_objects(objects) for _ in range(3)]

    def test_what_comes_once_is_not_kept(self) -> None:
        """What comes again is; it was looked through twice, and is found from then on."""
        before = repetition._short.cache_info()
        write_objects([message(f"new {number}") for number in range(50)])
        between = repetition._short.cache_info()
        for _ in range(3):
            write_objects([message("a history that is repeated")])
        after = repetition._short.cache_info()

        assert before == between
        assert (1, 1) == (after.misses - between.misses, after.hits - between.hits)

    def test_what_came_long_ago_is_new(self) -> None:
        """Of so many as there are only the latest are remembered, in a bounded set."""
        known = repetition._Before()
        documents = [str(number).encode() for number in range(3 * repetition._REMEMBERED)]
        new = [known.had(document) for document in documents]

        assert not any(new)
        assert (False, True) == (known.had(documents[0]), known.had(documents[-1]))

    @pytest.mark.parametrize("size", [10, 10_000, 100_000])
    def test_keys_are_masked_each_time(self, size: int) -> None:
        """Whether a message is remembered, long or short, or not."""
        for _ in range(3):
            told, cut = write_objects([message(f"{'x ' * size} Use {KEY}.")])

            assert (False, True) == (KEY in told, "[masked:openai-key]" in told)
            assert not cut

    @pytest.mark.parametrize(
        "objects",
        [
            [message("short"), message("é" * LIMIT)],
            [message("a" * 100_000) for _ in range(16)],
            [text("Look:"), blob("image", "A" * 100_000, "image/png")],
            [blob("image", "A" * 60_000, "image/png") for _ in range(2)],
            [{"number": 2**70, "text": "\ud800"}],
            [],
        ],
        ids=["a long text", "many texts", "an image", "small images", "what orjson does not take", "nothing"],
    )
    def test_what_is_too_long_is_cut(self, objects: list[dict[str, Any]]) -> None:
        """As it is in any document."""
        assert write(objects) == write_objects(objects)


class TestWriteParameters:
    @pytest.mark.parametrize("size", [1, 10_000])
    def test_secrets_are_left_out(self, size: int) -> None:
        """By the names that they stand under, and by their looks."""
        for _ in range(2):
            told, cut = write_parameters({"user": "u" * size, "api_key": "abc", "metadata": {"note": KEY}})
            said = json.loads(told)

            assert (SECRET, {"note": "[masked:openai-key]"}) == (said["api_key"], said["metadata"])
            assert not cut

    def test_numbers_stay_what_they_are(self) -> None:
        """Also those that only Python has."""
        assert {"seed": 2**70, "temperature": 0.1} == json.loads(
            write_parameters({"seed": 2**70, "temperature": 0.1})[0]
        )
