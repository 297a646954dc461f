"""Settings whose form more than a type says."""

import pytest

from torana.settings import SettingError, load


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("upstream_proxy", proxy)
            for proxy in ("ftp://p:1", "socks5://p:1", "p:1", "http://p", "http://me:canary@p:x")
        ),
        *(
            ("cors_origins", origin)
            for origin in ("canary", "https://a.example/path", "https://a.example, b.example", "https://[")
        ),
        *(("egress_deny", networks) for networks in ("999", "10.0.0.0/8, canary", "10.0.0.0/33")),
    ],
)
def test_a_value_that_would_fail_later_is_refused_at_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"^{name} cannot be used: expected ") as refused:
        load({name: value}, {})
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("upstream_proxy", proxy) for proxy in ("", "http://p:3128", "http://me:p%40s,s@[::1]:3128/")),
        *(("cors_origins", origin) for origin in ("", "*", "null", "https://a.example, http://b.example:3000/")),
        *(("egress_deny", networks) for networks in ("", "10.0.0.0/8", "10.0.0.1, fd00::/8")),
    ],
)
def test_a_value_that_can_be_used_is_taken(name: str, value: str) -> None:
    assert getattr(load({name: value}, {}), name) == value
