"""Which paths belong to control, and which model a path names."""

import pytest

from torana.core.errors import Refusal
from torana.gate.route.paths import CONTROL, find_path, named_model, spoken_at


@pytest.mark.parametrize(
    "path", ["/api/v1/teams", "/scim/v2/Users", "/scim/v2/Groups/group_1", "/console", "/portal/x"]
)
@pytest.mark.parametrize("method", [b"GET", b"POST", b"PUT", b"PATCH", b"DELETE"])
def test_what_is_controls_is_passed_on_whatever_is_wanted_there(path: str, method: bytes) -> None:
    assert find_path(path, method) is CONTROL


@pytest.mark.parametrize("path", ["/scimitar", "/scim2/v2/Users", "/apis", "/v1/scim"])
def test_what_only_begins_like_it_is_not(path: str) -> None:
    with pytest.raises(Refusal):
        find_path(path, b"GET")


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("chat", "chat"),
        ("demo%2Fchat", "demo/chat"),
        ("demo/chat", "demo/chat"),
        ("chat%402.1", "chat@2.1"),
        ("anthropic.claude-v1%3A0", "anthropic.claude-v1:0"),
        ("arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Aprompt%2Fx", "arn:aws:bedrock:eu-west-1:1:prompt/x"),
        ("converse", "converse"),
    ],
)
@pytest.mark.parametrize(("action", "streams"), [("converse", False), ("converse-stream", True)])
def test_a_path_of_bedrocks_names_the_model_and_whether_it_streams(
    name: str, model: str, action: str, streams: bool
) -> None:
    path = f"/model/{name}/{action}"
    found = find_path(path, b"POST")
    assert (found.label, found.dialect.name) == (f"/model/{{model}}/{action}", "bedrock_converse")
    assert (named_model(path), found.streams) == (model, streams)


@pytest.mark.parametrize(
    "path", ["/model/", "/model//converse", "/model/x/invoke", "/model/converse", "/models/x/converse"]
)
def test_what_bedrock_offers_besides_is_unknown(path: str) -> None:
    with pytest.raises(Refusal) as caught:
        find_path(path, b"POST")
    assert caught.value.code == "unknown_path"
    assert (spoken_at(path).name == "bedrock_converse") == path.startswith("/model/")


def test_a_conversation_is_posted() -> None:
    with pytest.raises(Refusal) as caught:
        find_path("/model/x/converse", b"GET")
    assert caught.value.code == "method_not_allowed"
