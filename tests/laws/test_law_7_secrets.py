"""Law 7: secrets (provider keys, API keys, passwords, tokens) appear in no log, record, error, metric or export.

tests/journeys/test_secrets.py looks at ordinary calls; here each way to hand in a key is tried, and what admins see.
"""

import json
import re
from pathlib import Path

from tests.support import journey
from tests.support.instance import run_instance
from tests.support.vendor_process import Vendor

WRONG = "torana-wrong-canary-71c04e"
"""A key that is not known: mistyped ones are nearly right, so they are secrets too."""
LEAKY = ("fault:leaky-400", "fault:leaky-401")
CHAT = "/v1/chat/completions"


def test_no_way_to_hand_in_a_key_leaves_it_anywhere(tmp_path: Path, vendor: Vendor) -> None:
    config = journey.configuration(vendor, [journey.service(name) for name in ("chat", *LEAKY)])
    env = {**journey.environment(), "TORANA_LOG_LEVEL": "debug"}
    found: dict[str, bytes] = {}
    with run_instance(tmp_path, config, key=journey.KEY, env=env) as instance:
        replies = []
        for key in (journey.KEY, WRONG):
            ways: list[tuple[str, dict[str, str]]] = [
                *((CHAT, {name: key}) for name in ("x-api-key", "api-key", "x-goog-api-key")),
                *((CHAT, {"Authorization": f"{scheme} {key}"}) for scheme in ("Bearer", "Basic", "bearer")),
                (f"{CHAT}?key={key}", {}),
                (f"{CHAT}?a=1&key={key}&key={key}x", {}),
                (CHAT, {"Cookie": f"session={key}", "Proxy-Authorization": key}),
            ]
            for path, headers in ways:
                for model in ("chat", *LEAKY, "nobody"):
                    body = json.dumps({"model": model, "messages": []}).encode()
                    replies.append(instance.request("POST", path, body, headers, key=""))
        instance.records({reply.call_id for reply in replies})
        for number, reply in enumerate(replies):
            found[f"reply {number}"] = repr(reply).encode()
        found["metrics"] = instance.request("GET", "/metrics", key="").body
        found["output"] = instance.output().encode()
        found["calls"] = json.dumps(instance.calls()).encode()
        for words in (["models"], ["models", "--json"], ["keys", "list"], ["keys", "list", "--json"]):
            found[" ".join(words)] = instance.cli(*words).encode()
        found["plan"] = instance.cli("plan", "-f", str(tmp_path / "torana.yaml")).encode()
        master = (instance.data / "master.key").read_bytes().strip()
        for file in instance.data.rglob("*"):
            if file.is_file() and file.name != "master.key":
                found[str(file.relative_to(instance.data))] = file.read_bytes()
        admin = re.findall(r"(?:password|token)\W+(\S{12,})", (tmp_path / "stdout").read_text(), re.IGNORECASE)
        for seen in vendor.seen():
            assert journey.KEY not in repr(seen.headers) + seen.target
            assert WRONG not in repr(seen.headers) + seen.target
    secrets = [journey.KEY.encode(), WRONG.encode(), journey.PROVIDER_KEY.encode(), master]
    assert [(place, secret) for place, content in found.items() for secret in secrets if secret in content] == []
    for secret in map(str.encode, admin):
        places = [place for place, content in found.items() if secret in content]
        assert set(places) <= {"output"}, "the first start shows it once, and nobody keeps it"
