from __future__ import annotations

from typing import Any

from orchestrace.wires.openai_images import read_request, read_response


def concerns(recording: dict[str, Any]) -> bool:
    """Tell whether a recording is of images."""
    return str(recording["operation"]).startswith("images.")


class TestRecordings:
    def test_image(self, recording: dict[str, Any]) -> None:
        """The prompt and where the image lies are read."""
        request = read_request(recording["request"]["body"])
        [image] = read_response(recording["response"]["body"]).messages

        assert "image" == request.attributes["gen_ai.output.type"]
        assert recording["request"]["body"]["prompt"] == request.messages[0]["parts"][0]["content"]
        assert recording["response"]["body"]["data"][0]["url"] == image["parts"][0]["uri"]


class TestReadResponse:
    def test_an_image_is_not_kept(self) -> None:
        """Of ten megabytes of an image nothing is left but what they are known by."""
        [image] = read_response({"data": [{"b64_json": "A" * 10_000_000}]}).messages

        assert ["", 7_500_000] == [image["parts"][0]["content"], image["parts"][0]["size"]]
        assert len(repr(image)) < 1000
