"""Checks requests and replies against botocore's own model of Converse: what is valid there, its serializer writes the same."""

import json
from base64 import b64decode
from typing import Any

import botocore.session  # type: ignore[import-untyped]
from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]
from botocore.serialize import create_serializer  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]

_MODEL = botocore.session.get_session().get_service_model("bedrock-runtime")
_CONVERSE = _MODEL.operation_model("Converse")
_STREAM = _MODEL.operation_model("ConverseStream")


def check_request(body: bytes, model: str, stream: bool) -> tuple[dict[str, Any], str]:
    """The body's JSON and the path that AWS's client would call. Fails where AWS's client would not send this."""
    operation = _STREAM if stream else _CONVERSE
    value = json.loads(body)
    parameters = {**_to_parameters(operation.input_shape, value), "modelId": model}
    report = ParamValidator().validate(parameters, operation.input_shape)
    assert not report.has_errors(), report.generate_report()
    request = create_serializer("rest-json").serialize_to_request(parameters, operation)
    assert json.loads(request["body"]) == value
    return value, request["url_path"]


def check_reply(body: bytes) -> dict[str, Any]:
    """The body's JSON. Fails where it is not what AWS's model says of a reply."""
    value = json.loads(body)
    _check(_CONVERSE.output_shape, value)
    return dict(value)


def check_stream(data: bytes) -> list[tuple[str, dict[str, Any]]]:
    """The events, with their kinds. Fails where AWS's reader or model would not have them."""
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    shapes = _STREAM.output_shape.members["stream"].members
    found = []
    for event in buffer:
        kind = event.headers.get(":event-type") or event.headers[":exception-type"]
        assert event.headers[":message-type"] == ("event" if ":event-type" in event.headers else "exception")
        assert event.headers[":content-type"] == "application/json"
        value = json.loads(event.payload)
        if ":event-type" in event.headers:
            _check(shapes[kind], value)
        assert kind in shapes
        found.append((kind, value))
    return found


def _check(shape: Any, value: Any) -> None:
    report = ParamValidator().validate(_to_parameters(shape, value), shape)
    assert not report.has_errors(), report.generate_report()


def _to_parameters(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        unknown = set(value) - set(shape.members)
        assert not unknown, f"{shape.name} has no {unknown}"
        return {name: _to_parameters(shape.members[name], inner) for name, inner in value.items()}
    if shape.type_name == "list":
        return [_to_parameters(shape.member, inner) for inner in value]
    if shape.type_name == "map":
        return {name: _to_parameters(shape.value, inner) for name, inner in value.items()}
    return b64decode(value, validate=True) if shape.type_name == "blob" else value
