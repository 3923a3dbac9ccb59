from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrace.recording.roles.hashed import hashed

SETTINGS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def turned(value: object) -> object:
    """Return the same data with all keys the other way round."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(item) for item in value] if isinstance(value, list) else value


class TestHashed:
    @given(settings=st.dictionaries(st.text(max_size=5), SETTINGS, max_size=4))
    def test_the_order_of_keys_makes_no_difference(self, settings: dict[str, object]) -> None:
        """At any depth."""
        assert hashed(settings)[1] == hashed(turned(settings))[1]

    def test_anything_else_does(self) -> None:
        """Values, the order of a list, a text that looks like data."""
        said = [{"a": 1}, {"a": 2}, {"b": 1}, {"a": [1, 2]}, {"a": [2, 1]}, '{"a":1}', "a", "", None]

        assert len(said) == len({hashed(one)[1] for one in said})

    def test_secrets_are_masked_and_in_no_hash(self) -> None:
        """A hash of a short key would tell it to whoever tries them all."""
        document, digest = hashed({"api_key": "one"})

        assert '{"api_key":"[masked:secret]"}' == document
        assert digest == hashed({"api_key": "two"})[1]

    def test_a_text_is_json_too(self) -> None:
        """What is recorded can be read back, whatever it was."""
        assert '"warm"' == hashed("warm")[0]
