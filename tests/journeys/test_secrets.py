"""Law 7 at the door: after calls of every kind, no secret stands in anything that is written or shown."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.support import journey
from tests.support.instance import Instance, run_instance
from tests.support.vendor_process import Vendor

PROMPT = "canary-prompt-5f1d"


@pytest.fixture(scope="module")
def instance(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    services = [
        journey.service("chat"),
        *(journey.service(f"fault:{name}") for name in ("leaky-401", "500", "no-reply")),
    ]
    folder = tmp_path_factory.mktemp("secrets")
    env = {**journey.quick(), "TORANA_LOG_LEVEL": "debug"}
    with run_instance(folder, journey.configuration(vendor, services), key=journey.KEY, env=env) as running:
        yield running


@pytest.fixture(scope="module")
def shown(instance: Instance) -> dict[str, bytes]:
    """All that the instance has shown or written, by where it stands, after calls that went well and badly."""
    messages = [{"role": "user", "content": PROMPT}]
    wrong = "torana-wrong-" + journey.KEY[-12:]
    replies = [
        *(
            instance.chat(model, messages=messages)
            for model in ("chat", "fault:leaky-401", "fault:500", "fault:no-reply", "x")
        ),
        instance.chat("chat", messages=messages, stream=True),
        instance.chat("chat", wrong),
        instance.request("POST", f"/v1/chat/completions?key={journey.KEY}", b"{", key=""),
        instance.request("GET", f"/v1/nothing?key={journey.KEY}", key=""),
        instance.request("GET", f"/v1/models/{journey.KEY}"),
        instance.request("POST", "/v1/chat/completions", b"{}", {"x-api-key": journey.KEY}, key=wrong),
    ]
    instance.records({reply.call_id for reply in replies})
    found = {
        f"reply {n}": b"\n".join([*(f"{k}: {v}".encode() for k, v in r.headers.items()), r.body])
        for n, r in enumerate(replies)
    }
    found["metrics"] = instance.request("GET", "/metrics", key="").body
    found["readyz"] = instance.request("GET", "/readyz", key="").body
    found["output"] = instance.output().encode()
    found["models"] = instance.cli("models", "--json").encode()
    found["keys"] = instance.cli("keys", "list", "--json").encode()
    for path in instance.data.rglob("*"):
        if path.is_file() and path.name != "master.key":
            found[str(path.relative_to(instance.data))] = path.read_bytes()
    return found


def test_the_providers_key_stands_nowhere(shown: dict[str, bytes]) -> None:
    assert [place for place, content in shown.items() if journey.PROVIDER_KEY.encode() in content] == []


def test_the_callers_key_stands_nowhere_but_in_a_reply_to_a_caller_who_put_it_into_the_path(
    shown: dict[str, bytes],
) -> None:
    assert [
        place for place, content in shown.items() if journey.KEY.encode() in content and not place.startswith("reply ")
    ] == []


def test_prompts_stand_nowhere_because_no_policy_keeps_bodies(shown: dict[str, bytes]) -> None:
    places = [place for place, content in shown.items() if PROMPT.encode() in content]
    assert places == []


def test_records_hold_no_secret(instance: Instance, shown: dict[str, bytes]) -> None:
    text = json.dumps(instance.calls())
    assert journey.PROVIDER_KEY not in text
    assert journey.KEY not in text


def test_a_key_that_was_mistaken_for_a_model_name_is_not_recorded(instance: Instance) -> None:
    assert journey.KEY not in json.dumps(instance.record(instance.chat(journey.KEY).call_id))
    assert journey.KEY not in instance.output()


def test_the_master_key_and_the_data_folder_are_for_their_owner_only(instance: Instance) -> None:
    assert (instance.data / "master.key").stat().st_mode & 0o077 == 0
    assert instance.data.stat().st_mode & 0o077 == 0
    assert (instance.data / "run").stat().st_mode & 0o077 == 0


def test_no_process_shows_a_secret_in_its_title(instance: Instance) -> None:
    titles = [" ".join(child.cmdline()) for child in instance.children("")]
    assert len(titles) >= 4
    assert not any(re.search(r"sk-|torana-journey-", title) for title in titles)
