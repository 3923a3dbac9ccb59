from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrace.messages import blob, text
from orchestrace.recording.document import LIMIT, write
from orchestrace.recording.snapshot import snapshot

SCHEMAS = Path(__file__).parents[3] / "shared" / "conventions"
KEY = "sk-" + "proj-" + "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3"

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
DOCUMENTS = st.recursive(
    SCALARS, lambda inside: st.lists(inside, max_size=5) | st.dictionaries(st.text(), inside, max_size=5), max_leaves=30
)


def message(content: str) -> dict[str, Any]:
    """Return a message of one text."""
    return {"role": "user", "parts": [text(content)]}


SHAPES = {
    "messages": ("gen-ai-input-messages", message("x" * 400)),
    "images": ("gen-ai-input-messages", {"role": "user", "parts": [blob("image", "A" * 400, "image/png")] * 20}),
    "instructions": ("gen-ai-system-instructions", text("x" * 400)),
    "tools": ("gen-ai-tool-definitions", {"type": "function", "name": "f", "description": "x" * 400}),
}
"""What a list can be made of, with the schema of such a list."""


def document(value: object, limit: int = LIMIT) -> Any:
    """Return what is read back."""
    return json.loads(write(value, limit)[0])


def digest(content: str) -> str:
    """Return what stands beside a text that was cut."""
    return hashlib.sha256(content.encode()).hexdigest()


class TestWhatFits:
    @given(DOCUMENTS)
    def test_is_written_as_it_is(self, value: object) -> None:
        """Nothing is lost, and nothing is said to be."""
        told, cut = write(value)

        assert (value, False) == (json.loads(told), cut)

    def test_is_readable(self) -> None:
        """UTF-8 without escapes, and without spaces between."""
        assert ('[{"role":"user","parts":[{"type":"text","content":"你好 🙂"}]}]', False) == write([message("你好 🙂")])

    def test_a_small_image_is_kept(self) -> None:
        """Inline data up to 64 KiB is worth its room."""
        parts = [blob("image", "A" * 60_000, "image/png")]

        assert (parts, False) == (document(parts), write(parts)[1])

    def test_keys_are_masked(self) -> None:
        """A key that is quoted in a prompt is not written."""
        assert KEY not in write([message(f"Use {KEY}.")])[0]

    def test_a_lone_surrogate_is_replaced(self) -> None:
        """It cannot be encoded; the rest can."""
        assert ["a\ufffdb", 2**70] == document(["a\ud800b", 2**70])


class TestWhatDoesNot:
    def test_a_long_text_keeps_its_start(self) -> None:
        """Its size and hash stand beside it, and that it was cut is said."""
        long = "é" * LIMIT
        told, cut = write([message("short"), message(long)])
        short, shortened = json.loads(told)
        part = shortened["parts"][0]

        assert cut
        assert message("short") == short
        assert ("text", 2 * LIMIT, digest(long)) == (part["type"], part["size"], part["sha256"])
        assert part["content"].startswith("ééé")
        assert part["content"].endswith("…")

    def test_as_much_is_kept_as_fits(self) -> None:
        """Long texts are cut before anything else is, and no shorter than they must be."""
        told, _ = write([message("a" * 100_000) for _ in range(16)])
        kept = {len(said["parts"][0]["content"]) for said in json.loads(told)}

        assert {(16 << 10) + 1} == kept or {(64 << 10) + 1} == kept
        assert len(told) > LIMIT // 4

    def test_an_image_is_kept_whole_or_not_at_all(self) -> None:
        """Half an image is none: its size, hash and type say which it was."""
        data = "A" * 100_000
        parts = [text("Look:"), blob("image", data, "image/png")]

        assert [
            text("Look:"),
            blob("image", "", "image/png") | {"size": len(data), "sha256": digest(data)},
        ] == document(parts)
        assert write(parts)[1]

    @pytest.mark.parametrize(("count", "kept"), [(1500, 200), (15_000, 200)])
    def test_of_a_long_list_the_ends_are_kept(self, count: int, kept: int) -> None:
        """How many are missing stands between them."""
        messages = [message(f"{number} {'x' * 1000}") for number in range(count)]
        said = document(messages, limit=100_000)
        gap = {"role": "system", "parts": [{"type": "left_out", "name": "left_out", "items": count - kept}]}

        assert ["0", "99"] == [said[place]["parts"][0]["content"].split()[0] for place in (0, 99)]
        assert gap == said[100]
        assert [str(count - 100), str(count - 1)] == [
            said[place]["parts"][0]["content"].split()[0] for place in (101, -1)
        ]

    def test_what_cannot_be_cut_is_named(self) -> None:
        """An object of too many names is its size and hash."""
        value = {str(number): number for number in range(1000)}
        whole = orjson.dumps(value)

        assert {"left_out": True, "size": len(whole), "sha256": hashlib.sha256(whole).hexdigest()} == document(
            value, limit=1000
        )

    def test_a_key_is_not_cut_in_two(self) -> None:
        """What is left of it at a cut would not be known for a key."""
        for seen in range(12, len(KEY), 5):
            content = "x" * ((64 << 10) - 1 - seen) + " " + KEY + " y" * LIMIT

            assert "0aB1" not in write([message(content)])[0]

    @given(st.lists(DOCUMENTS, max_size=20) | DOCUMENTS, st.integers(200, 2000))
    @settings(max_examples=50)
    def test_it_is_always_json_within_the_limit(self, value: object, limit: int) -> None:
        """Whatever is cut, what is left can be read; and it is said whether anything was cut."""
        told, cut = write(value, limit)

        assert len(told.encode()) <= limit
        assert cut == (json.loads(told) != value)

    @pytest.mark.parametrize(
        ("schema", "item", "count"),
        [
            pytest.param(*SHAPES[name], count, id=f"{count}-{name}", marks=[pytest.mark.slow] * (count * parts > 1000))
            for name, parts in {"messages": 1, "images": 20, "instructions": 1, "tools": 1}.items()
            for count in (1, 3, 50, 500)
        ],
    )
    def test_it_is_valid_for_its_schema(self, schema: str, item: object, count: int) -> None:
        """However much is cut, readers find the shape that they expect."""
        if not SCHEMAS.is_dir():
            pytest.skip(f"no schemas beside the repository, in {SCHEMAS.parent.name}/{SCHEMAS.name}")
        rules = json.loads((SCHEMAS / f"{schema}.json").read_text(encoding="utf-8"))

        for limit in (500, 5_000, 50_000):
            jsonschema.validate(document([item] * count, limit), rules)


class TestSnapshot:
    def test_what_is_written_is_what_was_there_then(self) -> None:
        """A document of ours can be written as one of a wire."""
        assert '{"a":[1,"x"]}' == write(snapshot({"a": (1, "x")}))[0]
