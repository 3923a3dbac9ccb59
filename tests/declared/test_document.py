from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.declared.document import Problem, UnreadableError, node_of, read_yaml

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
# YAML 1.1 reads no exponent without a dot, and no pair of escapes as one character.
PLAIN = (
    st.none() | st.booleans() | st.integers() | st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]))
)
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner), max_leaves=20)


def problem(text: str) -> Problem:
    """Return why a text is no document."""
    with pytest.raises(UnreadableError) as caught:
        read_yaml(text.encode())
    return caught.value.problem


class TestReadYaml:
    def test_every_part_knows_its_line(self) -> None:
        """So that an error can be found."""
        node = read_yaml(b"agents:\n  - target: a:b\n    version: 1.40\n")
        [entry] = node.value["agents"].value

        assert (1, 2, 3) == (node.line, entry.line, entry.value["version"].line)
        assert {"target": 2, "version": 3} == entry.keys
        assert (1.4, "1.40") == (entry.value["version"].value, entry.value["version"].written)

    @given(JSON)
    def test_json_is_yaml(self, data: Any) -> None:
        """What JSON says, it says here."""
        assert data == read_yaml(json.dumps(data).encode()).plain()

    @given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
    def test_anything_else_is_refused(self, text: bytes) -> None:
        """No text raises anything but what says so."""
        with suppress(UnreadableError):
            read_yaml(text)

    @pytest.mark.parametrize(
        ("text", "line", "words"),
        [
            ("", 1, "it is empty"),
            ("a: [\n", 2, "no YAML"),
            ("a: 1\nb: 2\na: 3\n", 3, "'a' stands twice, here and on line 1"),
            ("a: &x [1]\nb: *x\n", 1, "&x: anchors and aliases"),
            ("a: 1\n---\nb: 2\n", 2, "no YAML"),
            ("a: !!python/object/apply:os.system ['true']\n", 1, "tags are not read here"),
            ("a: !!python/name:os.system ''\n", 1, "tags are not read here"),
            ("a: !!binary aGk=\n", 1, "tags are not read here"),
            ("a: !!int x\n", 1, "'x' cannot be read"),
            ("? [a]\n: 1\n", 1, "a key is a text"),
            ("a: " + 60 * "[" + 60 * "]", 1, "nested deeper than 50 levels"),
            ("a: " + 5000 * "[", 1, "nested deeper than 50 levels"),
            ("a: \x00", None, "no YAML"),
        ],
    )
    def test_what_is_no_data_is_refused(self, text: str, line: int | None, words: str) -> None:
        """With the line, and what to do."""
        found = problem(text)

        assert (line, True) == (found.line, words in found.words), found

    def test_a_short_file_stays_short(self) -> None:
        """Aliases that multiply are not followed."""
        bomb = "a: &a [1,1]\n" + "".join(
            f"{n}: &{n} [*{m},*{m}]\n" for m, n in zip("abcdefgh", "bcdefghi", strict=True)
        )

        assert "anchors and aliases are not read" in problem(bomb).words

    def test_nothing_is_made_of_it(self) -> None:
        """Dates are texts; the library's own loader is not asked."""
        assert {"version": "2026-11-29"} == read_yaml(b"version: 2026-11-29").plain()
        assert isinstance(yaml.safe_load("version: 2026-11-29")["version"], object)


class TestNodeOf:
    @given(DATA)
    def test_data_stays_what_it_is(self, data: Any) -> None:
        """A mapping of Python's is read as a file is."""
        assert data == node_of(data).plain()

    @pytest.mark.parametrize("stranger", [object(), {1: 2}, {"a": b"x"}, {"a": {1, 2}}])
    def test_anything_else_is_refused(self, stranger: Any) -> None:
        """What no file could say."""
        with pytest.raises(UnreadableError):
            node_of(stranger)

    def test_what_has_no_end_is_refused(self) -> None:
        """A list that holds itself."""
        endless: list[Any] = []
        endless.append(endless)
        with pytest.raises(UnreadableError, match="nested deeper"):
            node_of(endless)

    def test_numbers_that_no_file_has_pass(self) -> None:
        """They are nobody's version."""
        assert math.isnan(node_of({"a": math.nan}).plain()["a"])
