from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrace.declared.target import Target, matches


class Outer:
    """Holds another class."""

    class Inner:
        """Is inside of it."""


class TestTarget:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("shop.agents:craft", Target("shop.agents", ("craft",))),
            ("shop.*:Crafter.run", Target("shop.*", ("Crafter", "run"))),
            ("shop:Base+.run", Target("shop", ("Base", "run"), ("Base",))),
            ("shop:Outer.Base+", Target("shop", ("Outer", "Base"), ("Outer", "Base"))),
        ],
    )
    def test_is_read(self, text: str, expected: Target) -> None:
        """A module, names one inside of the other, and perhaps a family."""
        assert expected == Target.parse(text)

    @pytest.mark.parametrize(
        ("module", "name", "expected"),
        [
            ("shop.agents", "shop.agents", True),
            ("shop.agents", "shop.agents2", False),
            ("shop.*", "shop.a.b", True),
            ("shop.*", "shop", False),
            ("shop*", "shop", True),
            ("shop.*", "shopx.a", False),
            ("*", "_private", True),
        ],
    )
    def test_a_star_in_a_module_stands_for_packages_too(self, module: str, name: str, *, expected: bool) -> None:
        """Everything below, however deep."""
        assert expected is Target(module, ("f",)).is_in(name)

    def test_knows_the_class_whose_method_it_names(self) -> None:
        """By its module and its qualified name."""
        assert Target(__name__, ("Outer", "Inner", "run")).is_of(Outer.Inner)
        assert Target(__name__, ("Out*", "Inner", "run")).is_of(Outer.Inner)
        assert not Target(__name__, ("Inner", "run")).is_of(Outer.Inner)
        assert not Target("other", ("Outer", "run")).is_of(Outer)


class TestMatches:
    @pytest.mark.parametrize(
        ("pattern", "name", "expected"),
        [
            ("run", "run", True),
            ("run", "rerun", False),
            ("*", "run", True),
            ("*", "_run", False),
            ("_*", "_run", True),
            ("*_run", "_run", False),
            ("__call__", "__call__", True),
            ("r*n", "run", True),
            ("r*n", "rn", True),
        ],
    )
    def test_a_star_stands_for_any_part(self, pattern: str, name: str, *, expected: bool) -> None:
        """But for no leading underscore."""
        assert expected is matches(pattern, name)

    @given(st.text())
    def test_a_name_matches_itself(self, name: str) -> None:
        """Nothing in it but `*` has a meaning."""
        assert "*" in name or matches(name, name)
