from __future__ import annotations

import functools
import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic._base_client
import httpx
import httpx2
import openai
import openai._base_client
import pytest

from orchestrace.exceptions import ConfigurationError
from orchestrace.instrumentation import instrument, is_instrumented, tapped, uninstrument
from orchestrace.testing import ReplayServer, capture, openai_chat

METHODS = [
    (httpx.Client, "send"),
    (httpx.AsyncClient, "send"),
    (httpx2.Client, "send"),
    (httpx2.AsyncClient, "send"),
    (openai._base_client.SyncAPIClient, "request"),
    (openai._base_client.AsyncAPIClient, "request"),
    (anthropic._base_client.SyncAPIClient, "request"),
    (anthropic._base_client.AsyncAPIClient, "request"),
]
MODULES = ["anthropic._base_client", "httpx", "httpx2", "openai._base_client"]


def methods() -> list[Any]:
    """Return the methods that are tapped, as they stand in their classes now."""
    return [owner.__dict__[name] for owner, name in METHODS]


def ask(client: openai.OpenAI) -> Any:
    """Call a model."""
    return client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])


def run(script: str, *path: Path, **environment: str) -> Any:
    """Return what a script prints, run by an interpreter of its own in which nothing is imported yet."""
    prelude = "import json, sys\nfrom orchestrace import instrumentation\n"
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-W", "error", "-c", prelude + textwrap.dedent(script)],
        env={"PYTHONPATH": ":".join(map(str, path)), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
    return json.loads(done.stdout)


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    """Leave nothing tapped."""
    assert not is_instrumented()
    yield
    uninstrument()


class TestInstrument:
    def test_taps_what_is_imported(self) -> None:
        """Every client and SDK that is there is tapped."""
        before = methods()
        instrument()

        assert (True, MODULES) == (is_instrumented(), tapped())
        assert not any(one is other for one, other in zip(before, methods(), strict=True))

    def test_twice_is_once(self, orchestrace_server: ReplayServer) -> None:
        """Doing it again changes nothing."""
        orchestrace_server.answer(openai_chat())
        instrument()
        once = methods()
        instrument()
        with capture() as spans, openai.OpenAI(api_key="key", base_url=orchestrace_server.url + "/v1") as client:
            ask(client)

        assert (once, 1) == (methods(), len(spans))

    def test_reaches_clients_made_before(self, orchestrace_server: ReplayServer) -> None:
        """A client need not be made anew."""
        orchestrace_server.answer(openai_chat())
        with openai.OpenAI(api_key="key", base_url=orchestrace_server.url + "/v1") as client:
            instrument()
            with capture() as spans:
                ask(client)

        assert ["chat m"] == [span.name for span in spans]

    def test_reaches_what_is_imported_later(self, tmp_path: Path) -> None:
        """A library is tapped when it is imported, whoever imports it."""
        package = tmp_path / "groq"
        package.mkdir()
        (package / "__init__.py").write_text("import groq._base_client, httpx\n", encoding="utf-8")
        (package / "_base_client.py").write_text("class SyncAPIClient:\n    def request(self): ...\n", encoding="utf-8")
        script = """
        instrumentation.instrument()
        before = instrumentation.tapped()
        import groq
        method = groq._base_client.SyncAPIClient.request
        print(json.dumps([before, instrumentation.tapped(), hasattr(method, "__wrapped__")]))
        """

        assert [[], ["groq._base_client", "httpx"], True] == run(script, tmp_path)

    def test_reaches_what_carries_a_context(self) -> None:
        """Threads, processes and pools, those that are imported later as well; they are no clients that are tapped."""
        script = """
        import threading
        instrumentation.instrument()
        before = "concurrent.futures.thread" in sys.modules
        from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
        from multiprocessing.pool import Pool
        from multiprocessing import Process
        methods = threading.Thread.start, ThreadPoolExecutor.submit, ProcessPoolExecutor.submit, Pool.map, Process.start
        carried = [hasattr(method, "__wrapped__") for method in methods]
        instrumentation.uninstrument()
        left = hasattr(threading.Thread.start, "__wrapped__")
        print(json.dumps([before, carried, left, instrumentation.tapped()]))
        """

        assert [False, [True] * 5, False, []] == run(script)

    def test_not_what_is_imported_after_the_end(self) -> None:
        """After `uninstrument()` an import is left alone; the next `instrument()` reaches it."""
        script = """
        instrumentation.instrument()
        instrumentation.uninstrument()
        import httpx
        original = httpx.Client.__dict__["send"]
        between = instrumentation.tapped(), hasattr(original, "__wrapped__")
        instrumentation.instrument()
        print(json.dumps([*between, instrumentation.tapped(), httpx.Client.send.__wrapped__ is original]))
        """

        assert [[], False, ["httpx"], True] == run(script)

    def test_alias_of_httpx(self) -> None:
        """Where `httpx` is another name of `httpx2`, its clients are tapped once."""
        script = """
        import httpx2
        httpx2.alias_httpx()
        instrumentation.instrument()
        import httpx
        send = httpx.Client.send
        print(json.dumps([httpx.Client is httpx2.Client, hasattr(send.__wrapped__, "__wrapped__")]))
        """

        assert [True, False] == run(script)

    def test_library_that_has_changed(self, tmp_path: Path) -> None:
        """A library in which nothing is found as expected is imported all the same, and the fault is counted."""
        (tmp_path / "httpx.py").write_text("", encoding="utf-8")
        script = """
        import logging
        from orchestrace.recording import guard
        logging.getLogger("orchestrace").setLevel("ERROR")
        instrumentation.instrument()
        import httpx
        print(json.dumps([instrumentation.tapped(), guard.faults()]))
        """

        assert [[], {"tap httpx": 1}] == run(script, tmp_path)

    @pytest.mark.parametrize("variable", ["ORCHESTRACE_DISABLED", "OTEL_SDK_DISABLED"])
    def test_switched_off(self, variable: str) -> None:
        """Where the environment switches everything off, nothing is tapped, nor looked at."""
        script = """
        import httpx
        instrumentation.instrument()
        print(json.dumps([instrumentation.is_instrumented(), instrumentation.tapped(), "wrapt" in sys.modules]))
        """

        assert [False, [], False] == run(script, **{variable: "True"})

    def test_agents_are_followed_until_it_is_undone(self, tmp_path: Path) -> None:
        """In modules before and after; `instrument()` alone obeys the variable, and leaves what is in force."""
        (tmp_path / "shop.py").write_text("def craft(job): return job")
        script = """
        import os
        from orchestrace.testing import capture
        named = {"agents": [{"target": "shop:craft", "role": "agent"}]}
        seen = []
        with capture() as spans:
            instrumentation.instrument(named)
            import shop
            before = shop.craft.__wrapped__
            shop.craft("x"); seen.append(len(spans))
            instrumentation.instrument(); shop.craft("x"); seen.append(len(spans))
            instrumentation.uninstrument(); shop.craft("x"); seen.append(len(spans))
        print(json.dumps([seen, before is shop.craft]))
        """

        assert [[1, 2, 2], True] == run(script, tmp_path)

    def test_an_agents_file_that_is_none_is_an_error(self) -> None:
        """And nothing is tapped."""
        with pytest.raises(ConfigurationError, match="no such file"):
            instrument("missing.yaml")
        assert not is_instrumented()


class TestUninstrument:
    def test_puts_back_the_very_same_methods(self) -> None:
        """Afterwards the classes hold what they held before."""
        before = methods()
        instrument()
        uninstrument()

        assert (False, [], True) == (
            is_instrumented(),
            tapped(),
            all(one is other for one, other in zip(before, methods(), strict=True)),
        )

    def test_without_instrument(self) -> None:
        """Where nothing was done, nothing is undone."""
        before = methods()
        uninstrument()

        assert before == methods()

    def test_wrapper_of_somebody_else(self, orchestrace_server: ReplayServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """What somebody else has put over ours stays, and nothing is recorded below it any more."""
        orchestrace_server.answer(openai_chat(), times=2)
        instrument()
        ours = httpx2.Client.send
        theirs = []

        @functools.wraps(ours)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            theirs.append(ours)
            return ours(*args, **kwargs)

        with openai.OpenAI(api_key="key", base_url=orchestrace_server.url + "/v1") as client:
            with capture() as spans, monkeypatch.context() as patch:
                patch.setattr(httpx2.Client, "send", wrapper)
                ask(client)
                uninstrument()
                ask(client)
                left = httpx2.Client.__dict__["send"]
            httpx2.Client.send = ours.__wrapped__  # type: ignore[attr-defined,method-assign] # as it was before this test

        assert (wrapper, 2, 1) == (left, len(theirs), len(spans))

    def test_call_under_way(self, orchestrace_server: ReplayServer) -> None:
        """A stream that is being read is recorded to its end."""
        orchestrace_server.answer(openai_chat("Hello there.", stream=True))
        instrument()
        with capture() as spans, openai.OpenAI(api_key="key", base_url=orchestrace_server.url + "/v1") as client:
            stream = client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
            )
            next(stream)
            uninstrument()
            list(stream)

        assert ["drained"] == [span.attributes["orchestrace.ending"] for span in spans]
