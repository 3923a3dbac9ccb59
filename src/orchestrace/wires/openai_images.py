"""
Read OpenAI's images (`POST …/images/generations`, `…/edits`, `…/variations`), as all compatible hosts speak them.

Of an image that comes in the answer itself its size and SHA-256 are kept. Fields are those of OpenAI's API reference.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from typing import Final

from orchestrace.conventions import OUTPUT_TYPE, REQUEST_CHOICE_COUNT, REQUEST_STREAM
from orchestrace.messages import Message, ModelRequest, ModelResponse, Part, file, text, uri
from orchestrace.typing import JSON, AttributeValue, JSONObject
from orchestrace.wires.openai_error import read_failure
from orchestrace.wires.openai_usage import read_usage
from orchestrace.wires.reading import (
    data_or_uri,
    flag_at,
    integer_at,
    message_from,
    object_at,
    objects_at,
    rest_of,
    text_at,
    unkept,
    with_further,
)
from orchestrace.wires.server_sent_events import json_events, split_events
from orchestrace.wires.wire import Wire, unproven

__all__ = ["WIRE", "read_request", "read_response", "read_stream"]

_GIVEN: Final = ("images", "image", "image_url", "mask")
"""Where a request in JSON has the images that it is about; those of a form are files, which are not read."""
_STARTS: Final = {"iVBOR": "image/png", "/9j/": "image/jpeg", "UklGR": "image/webp"}
"""How images of each type start in base64."""
_ENVELOPE: Final = {"b64_json", "index", "type", "url"}


def read_request(body: JSONObject) -> ModelRequest:
    """Read a request: the prompt and the images that were given are one message."""
    attributes: dict[str, AttributeValue] = {OUTPUT_TYPE: "image"}
    wanted = integer_at(body, "n")
    if wanted is not None and wanted != 1:
        attributes[REQUEST_CHOICE_COUNT] = wanted
    if flag_at(body, "stream"):
        attributes[REQUEST_STREAM] = True
    prompt = text_at(body, "prompt")
    parts = [*([text(prompt)] if prompt else []), *(part for key in _GIVEN for part in _given(body.get(key)))]
    return ModelRequest(
        model=text_at(body, "model") or None,
        messages=[message_from("user", parts, {})] if parts else [],
        stream=flag_at(body, "stream"),
        attributes=attributes,
        parameters={key: value for key, value in body.items() if key not in {"prompt", *_GIVEN}},
    )


def read_response(body: JSONObject) -> ModelResponse:
    """Read a whole answer, each image a message; an `error` in it is its failure."""
    form = text_at(body, "output_format")
    return ModelResponse(
        id=text_at(body, "id") or None,
        model=text_at(body, "model") or None,
        messages=[_image(said, f"image/{form}" if form else None) for said in objects_at(body, "data")],
        usage=read_usage(object_at(body, "usage")),
        failure=read_failure({"error": body.get("error")}),
    )


def read_stream(body: bytes) -> ModelResponse:
    """Fold a stream: what comes before an image is whole is left out; it is complete if one came whole."""
    whole: JSONObject = {}
    images: list[JSON] = []
    for name, event in json_events(split_events(body).events):
        kind = text_at(event, "type") or name
        if kind.endswith(".completed"):
            images.append(rest_of(event, {"type", "usage", "created_at", "output_format"}))
            whole |= rest_of({key: event.get(key) for key in ("usage", "output_format")}, ())
        elif kind == "error" or event.get("error"):
            whole["error"] = event.get("error") or event
    whole["data"] = images
    return replace(read_response(whole), complete=bool(images))


def _given(said: JSON) -> list[Part]:
    if isinstance(said, list):
        return [part for one in said for part in _given(one)]
    if isinstance(said, str):
        return [data_or_uri(said, "image")] if said else []
    if not isinstance(said, dict):
        return []
    address, name = text_at(said, "image_url") or text_at(said, "url"), text_at(said, "file_id")
    if address:
        return [data_or_uri(address, "image")]
    return [file("image", name)] if name else []


def _image(said: JSONObject, mime_type: str | None) -> Message:
    data, address = text_at(said, "b64_json"), text_at(said, "url")
    parts: list[Part] = []
    if data:
        sniffed = next((kind for start, kind in _STARTS.items() if data.startswith(start)), None)
        parts = [unkept("image", _bytes(data), mime_type or sniffed)]
    elif address:
        parts = [_unkept_address(address)]
    return message_from("assistant", [with_further(part, rest_of(said, _ENVELOPE)) for part in parts], {})


def _unkept_address(address: str) -> Part:
    """Return where an image lies; one that lies in its own address is not kept."""
    part = data_or_uri(address, "image")
    data, kind = text_at(part, "content"), text_at(part, "mime_type")
    return uri("image", address) if data is None else unkept("image", _bytes(data), kind)


def _bytes(data: str) -> bytes:
    try:
        return b64decode(data)
    except ValueError:  # it was cut, or is none
        return data.encode(errors="replace")


WIRE: Final = Wire(
    name="openai_images",
    operation="generate_content",
    provider="openai",
    is_call=unproven,
    read_request=read_request,
    read_response=read_response,
    read_stream=read_stream,
    read_failure=read_failure,
)
