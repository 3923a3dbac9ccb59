from __future__ import annotations

import logging
import threading

import opentelemetry.exporter.otlp.proto.grpc.exporter  # noqa: F401 - it puts a filter on its logger
import pytest

from orchestrace.export.stock_log import overhear

HTTP = logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter")


class TestOverhear:
    def test_lines_are_given_to_us_instead_of_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        """What a stock exporter says inside the block is in the list, and nowhere else."""
        with overhear() as said:
            HTTP.error("Failed: %s", 503)

        assert ["Failed: 503"] == said
        assert [] == caplog.messages

    def test_afterwards_everybody_is_heard_again(self, caplog: pytest.LogCaptureFixture) -> None:
        """Behind the block the loggers are as before."""
        with overhear() as said:
            pass
        HTTP.error("later")

        assert ([], ["later"]) == (said, caplog.messages)

    def test_other_threads_are_none_of_our_business(self, caplog: pytest.LogCaptureFixture) -> None:
        """The program's own exporter, on a thread of its own, logs as always."""
        theirs = threading.Thread(target=HTTP.error, args=("theirs",))
        with overhear() as said:
            theirs.start()
            theirs.join()

        assert ([], ["theirs"]) == (said, caplog.messages)

    def test_a_repeated_line_is_heard_again(self) -> None:
        """The SDK's own filter, which knows no threads, does not keep the reason of a second failure from us."""
        heard = []
        for _ in range(2):
            with overhear() as said:
                logging.getLogger("opentelemetry.exporter.otlp.proto.grpc.exporter").error("Failed")
            heard += said

        assert ["Failed", "Failed"] == heard

    def test_other_loggers_pass(self, caplog: pytest.LogCaptureFixture) -> None:
        """Only the exporters are overheard."""
        with overhear() as said:
            logging.getLogger("orchestrace").warning("ours")

        assert ([], ["ours"]) == (said, caplog.messages)

    def test_blocks_nest(self) -> None:
        """An inner block hears for itself; then the outer one hears again."""
        with overhear() as outer:
            with overhear() as inner:
                HTTP.error("in")
            HTTP.error("out")

        assert (["out"], ["in"]) == (outer, inner)
