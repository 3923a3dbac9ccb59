from __future__ import annotations

import re
from typing import Any

import pytest

from orchestrace.exceptions import ConfigurationError
from orchestrace.settings import Settings, meant


class TestSettings:
    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"content": "half"}, "use 'full' or 'off'"),
            ({"content": "fulll"}, "Did you mean 'full'?"),
            ({"propagate_to": "billing.internal"}, "give it a list of hosts"),
            ({"conventions": "old"}, "use 'current', 'released' or 'both'"),
            ({"conventions": "release"}, "Did you mean 'released'?"),
            ({"protocol": "http/protobuff"}, "use 'http/protobuf' or 'grpc'. Did you mean 'http/protobuf'?"),
            ({"protocol": "GRPC"}, "Did you mean 'grpc'?"),
            ({"service_name": " "}, "OTEL_SERVICE_NAME"),
            ({"journal": ""}, "ORCHESTRACE_JOURNAL"),
            ({"agents": " "}, "ORCHESTRACE_AGENTS"),
        ],
    )
    def test_what_cannot_be_meant_is_an_error_at_once(self, wrong: dict[str, Any], words: str) -> None:
        """The message says what to write instead."""
        with pytest.raises(ConfigurationError, match=re.escape(words)):
            Settings(**wrong)

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"service_name": 1}, "configure(service_name=…) was given a int: give it a text."),
            ({"endpoint": b"http://host"}, "was given a bytes: give it a URL, such as 'http://localhost:4318'."),
            ({"headers": [("a", "b")]}, "configure(headers=…) was given a list: give it a mapping"),
            ({"headers": {"authorization": None}}, "'authorization' has a NoneType: names and values are texts"),
            ({"resource_attributes": "a=b"}, "was given a str: give it a mapping"),
            ({"agents": []}, "was given a list: give it the path of an agents file, or a mapping of the same form."),
            ({"journal": True}, "was given a bool: give it the path of a folder."),
            ({"instrument": "no"}, "configure(instrument=…) was given a str: use True or False."),
            ({"isolated": None}, "configure(isolated=…) was given a NoneType: use True or False."),
            ({"export": "yes"}, "configure(export=…) was given a str: use True or False."),
            ({"content": False}, "configure(content=…) was given a bool: use 'full' or 'off'."),
        ],
    )
    def test_values_of_the_wrong_kind_are_errors(self, wrong: dict[str, Any], words: str) -> None:
        """What was given is named by its kind alone: it may be a key."""
        with pytest.raises(ConfigurationError, match=re.escape(words)):
            Settings(**wrong)

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"export": False, "endpoint": "http://localhost:4318"}, "leave endpoint="),
            ({"export": False, "headers": {"a": "b"}}, "leave endpoint="),
            ({"service_name": "a", "resource_attributes": {"service.name": "b"}}, "service.name is 'b': say it once"),
        ],
    )
    def test_contradictions_are_errors(self, wrong: dict[str, Any], words: str) -> None:
        """Neither of two settings is taken in silence."""
        with pytest.raises(ConfigurationError, match=words):
            Settings(**wrong)

    def test_what_agrees_is_none(self) -> None:
        """The same said twice, and what a program passes on that nobody set."""
        said = Settings(service_name="a", resource_attributes={"service.name": "a"}, endpoint="", protocol="grpc")

        assert "a" == said.service_name

    def test_everything_has_a_default(self) -> None:
        """No setting has to be given."""
        assert (True, None, False) == (Settings().instrument, Settings().content, Settings().isolated)


class TestMeant:
    def test_asks_for_what_is_near(self) -> None:
        """And for nothing where nothing is."""
        assert (" Did you mean 'endpoint'?", "") == (meant("endpiont", ["endpoint"]), meant("zzz", ["endpoint"]))
