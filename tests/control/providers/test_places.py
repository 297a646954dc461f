"""Where an account speaks which dialect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torana.catalog.vendors import DIALECTS, VENDORS
from torana.control.providers import places

OPENAI, ANTHROPIC, AZURE, AWS = (VENDORS[name] for name in ("openai-compatible", "anthropic", "azure", "aws"))
HERE = "http://127.0.0.1:9001/v1"


def test_an_account_at_the_vendors_own_address_speaks_all_that_the_vendor_speaks() -> None:
    deepseek = VENDORS["deepseek"]
    assert places.doors(deepseek, deepseek.base_url, {}, None, {}) == {
        "openai_chat": "https://api.deepseek.com/v1",
        "openai_responses": "https://api.deepseek.com/v1",
        "anthropic_messages": "https://api.deepseek.com/anthropic/v1",
    }


def test_a_moved_account_speaks_only_what_the_vendor_speaks_at_that_one_address() -> None:
    assert places.doors(VENDORS["deepseek"], HERE, {}, None, {}) == {"openai_chat": HERE, "openai_responses": HERE}
    there = {"anthropic_messages": "http://127.0.0.1:9001/anthropic/v1"}
    assert places.doors(VENDORS["deepseek"], HERE, there, None, {}) == {
        "openai_chat": HERE,
        "openai_responses": HERE,
        **there,
    }


def test_the_preferred_dialect_comes_first_and_takes_none_away() -> None:
    found = places.doors(ANTHROPIC, ANTHROPIC.base_url, {}, "openai_chat", {})
    assert list(found) == ["openai_chat", "anthropic_messages"]


def test_a_server_of_another_dialect_speaks_that_one_alone_unless_bases_say_more() -> None:
    assert places.doors(OPENAI, HERE, {}, "anthropic_messages", {}) == {"anthropic_messages": HERE}
    both = places.doors(OPENAI, HERE, {"anthropic_messages": f"{HERE}/a"}, "anthropic_messages", {})
    assert list(both.items()) == [("anthropic_messages", f"{HERE}/a"), ("openai_chat", HERE)]


def test_options_fill_the_places_of_every_address() -> None:
    options = {"region": "eu-west-1"}
    own = places.filled(AWS.base_url, options)
    assert own == "https://bedrock-runtime.eu-west-1.amazonaws.com"
    assert places.doors(AWS, own, {}, None, options)["anthropic_messages"] == (
        "https://bedrock-mantle.eu-west-1.api.aws/anthropic/v1"
    )
    assert places.filled(AWS.base_url, {}) is None


def test_an_address_with_a_place_that_nothing_fills_is_not_spoken() -> None:
    # The base URL was given, so Anthropic's form, which is at another host, is not known.
    assert set(places.doors(AZURE, "https://one.openai.azure.com/openai/v1", {}, None, {})) == {
        "openai_chat",
        "openai_responses",
    }


@pytest.mark.parametrize("value", ["a/b", "evil.example#", "u@h", "", "-a", "a b", "ä", "x" * 201, "a\n"])
def test_an_option_cannot_change_what_an_address_means(value: str) -> None:
    assert places.filled(AWS.base_url, {"region": value}) is None
    assert places.option_problem(AWS, {"region": value}) is not None


def test_an_option_that_the_vendor_does_not_have_or_misses_is_named() -> None:
    assert (
        places.option_problem(AWS, {"region": "eu-west-1", "planet": "x"})
        == "aws has no option planet; it has region, service"
    )
    assert places.option_problem(AWS, {}) == "region is missing; the credential of aws needs it"
    assert places.options_of("azure-entra") == ("resource", "tenant", "client_id", "scope", "authority")
    assert "api_version" in places.options_of("azure-deployments")


@given(vendor=st.sampled_from(sorted(VENDORS)), dialect=st.sampled_from([None, *sorted(DIALECTS)]), data=st.data())
def test_the_preferred_dialect_is_always_the_first_and_bases_always_hold(
    vendor: str, dialect: str | None, data: st.DataObject
) -> None:
    bases = data.draw(st.dictionaries(st.sampled_from(sorted(DIALECTS)), st.sampled_from([HERE, f"{HERE}/b"])))
    found = places.doors(
        VENDORS[vendor], data.draw(st.sampled_from([HERE, VENDORS[vendor].base_url])), bases, dialect, {}
    )
    assert dialect is None or next(iter(found)) == dialect
    assert bases.items() <= found.items()
    assert all("{" not in base or base == VENDORS[vendor].base_url for base in found.values())


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5)))
def test_what_is_stored_is_opened_again_and_equal_for_equal_content(mapping: dict[str, str]) -> None:
    assert places.opened(places.stored(mapping)) == mapping
    assert places.stored(dict(reversed(mapping.items()))) == places.stored(mapping)
