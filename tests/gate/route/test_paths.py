"""Which paths belong to control."""

import pytest

from torana.core.errors import Refusal
from torana.gate.route.paths import CONTROL, find_path


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
