"""Tokens of an identity provider as credentials, at a gate: only what an issuer's own key has signed counts, until its end."""

import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support import issuing
from tests.support.gate_here import KEY, MASTER, Here, chat_body, gate_here, limit, request, snapshot
from tests.support.issuing import AUDIENCE, ISSUER, b64, claims, der, token, with_secret
from torana.core.errors import Refusal
from torana.core.snapshot import Issuer, IssuerKey, Key, Snapshot
from torana.gate.identify import jwt

ALGORITHMS = ("RS256", "ES256", "EdDSA")
KEYS = tuple(IssuerKey(f"{alg}-0", alg, der(alg)) for alg in ALGORITHMS)
COMPANY = Issuer("issuer_1", "company", (AUDIENCE, "other"), "azp", {"client": "app_a", "second": "app_b"}, KEYS)


def content(*issuers: Issuer, version: int = 1, iss: str = ISSUER) -> Snapshot:
    """Two apps that may call demo/chat, the first also demo/more, and issuers."""
    made = snapshot("", ["demo/chat", "demo/more"], version=version)
    app = made.apps["app_a"]
    second = replace(app, id="app_b", name="b", grants={"demo/chat": "demo/chat"}, limits=(limit("app_b", 1, 60),))
    return replace(made, apps={"app_a": app, "app_b": second}, issuers={iss: issuers} if issuers else {})


def at_gate(folder: Path, made: Snapshot, scenario: Callable[[Here], Awaitable[None]]) -> None:
    async def main() -> None:
        async with gate_here(folder, made) as gate:
            await scenario(gate)
            assert gate.in_use() == {}

    uvloop.run(main())


async def code(gate: Here, credential: str, model: str = "demo/chat") -> str | None:
    reply = await gate.post(chat_body(model), key=credential)
    return None if reply.status == 200 else str(reply.error["code"])


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_signed_token_stands_for_the_app_that_its_claim_leads_to(tmp_path: Path, alg: str) -> None:
    async def scenario(gate: Here) -> None:
        for more in ({"kid": f"{alg}-0"}, None):
            reply = await gate.post(chat_body("demo/chat"), key=token(claims(), alg, header=more))
            record = gate.record(reply.call_id)
            assert (reply.status, record.app_id, record.key_id, record.team_id) == (200, "app_a", "issuer_1", "team_a")
        second = token(claims(azp=["nobody", "second"], aud=["x", "other"]), alg)
        assert [await code(gate, second, model) for model in ("demo/more", "demo/chat", "demo/chat")] == [
            "model_not_found",
            None,
            "rate_limit_exceeded",
        ]
        for header in ("x-api-key", "api-key", "x-goog-api-key"):
            raw = request(chat_body("demo/chat"), headers=f"{header}: {token(claims(), alg)}\r\n", key="")
            assert (await gate.exchange(raw)).startswith(b"HTTP/1.1 200")

    at_gate(tmp_path, content(COMPANY), scenario)


FORGED: dict[str, Callable[[], str]] = {
    "no signature": lambda: token(claims(), "RS256").rpartition(".")[0] + ".",
    "alg none": lambda: b64(b'{"alg":"none"}') + "." + b64(json.dumps(claims()).encode()) + ".",
    "alg none, signed": lambda: token(claims(), "RS256", header={"alg": "none"}),
    "HS256 with the public key": lambda: with_secret(claims(), der("RS256")),
    "RS256 by HMAC": lambda: with_secret(claims(), der("RS256"), "RS256"),
    "another key": lambda: token(claims(), "RS256", number=1, header={"kid": "RS256-0"}),
    "another algorithm's name": lambda: token(claims(), "ES256", header={"alg": "RS256", "kid": "RS256-0"}),
    "RS512": lambda: token(claims(), "RS256", header={"alg": "RS512"}),
    "another key's name": lambda: token(claims(), "RS256", header={"kid": "ES256-0"}),
    "a key of its own": lambda: token(claims(), "RS256", number=1, header={"jwk": issuing.jwk("RS256", number=1)}),
    "an address of its own": lambda: token(
        claims(), "RS256", number=1, header={"jku": "https://evil.example/jwks.json"}
    ),
    "an extension": lambda: token(claims(), "RS256", header={"crit": ["exp"]}),
    "changed claims": lambda: _with_claims(token(claims(), "RS256"), claims(azp="second")),
    "DER signature": lambda: _with_signature(token(claims(), "ES256"), b"0D" + bytes(70)),
    "zero signature": lambda: _with_signature(token(claims(), "ES256"), bytes(64)),
    "another issuer": lambda: token(claims(iss="https://id.example"), "RS256"),
    "no issuer": lambda: token(claims(iss=None), "RS256"),
    "issuers": lambda: token(claims(iss=[ISSUER]), "RS256"),
    "another audience": lambda: token(claims(aud="https://gateway.example.evil"), "RS256"),
    "no audience": lambda: token(claims(aud=None), "RS256"),
    "odd audiences": lambda: token(claims(aud=[None, {}, [AUDIENCE]]), "RS256"),
    "no end": lambda: token(claims(exp=None), "RS256"),
    "an end in words": lambda: token(claims(exp="tomorrow"), "RS256"),
    "a true end": lambda: token(claims(exp=True), "RS256"),
    "no app": lambda: token(claims(azp="nobody"), "RS256"),
    "two apps": lambda: token(claims(azp=["client", "second"]), "RS256"),
    "no claim": lambda: token(claims(azp=None), "RS256"),
    "begins later": lambda: token(claims(nbf=time.time() + 120), "RS256"),
    "not JSON": lambda: token(b"{", "RS256"),
    "deep": lambda: token(b'{"a":' * 1500 + b"1" + b"}" * 1500, "RS256"),
    "a list": lambda: token(b"[]", "RS256"),
    "surrogates": lambda: token(b'{"iss":"\\ud800"}', "RS256"),
    "dots": lambda: "..",
    "five parts": lambda: token(claims(), "RS256") + ".a.b",
    "padding": lambda: token(claims(), "RS256") + "==",
    "too long": lambda: token(claims(pad="x" * 20_000), "RS256"),
}


def _with_claims(made: str, said: dict[str, Any]) -> str:
    head, _, signature = made.split(".")
    return f"{head}.{b64(json.dumps(said).encode())}.{signature}"


def _with_signature(made: str, signature: bytes) -> str:
    return f"{made.rpartition('.')[0]}.{b64(signature)}"


def test_a_forged_token_is_refused_with_what_to_do(tmp_path: Path) -> None:
    async def scenario(gate: Here) -> None:
        for name, forge in FORGED.items():
            reply = await gate.post(chat_body("demo/chat"), key=forge())
            record = gate.record(reply.call_id)
            assert (reply.status, reply.error["code"], record.app_id) == (401, "invalid_api_key", None), name
            if name not in ("five parts", "too long", "dots"):
                assert "This token is not accepted: " in reply.error["message"], name
                assert "/api/v1/issuers" in reply.error["message"]
        assert await code(gate, token(claims(), "RS256")) is None

    at_gate(tmp_path, content(COMPANY), scenario)


def test_a_token_counts_until_its_end_and_a_minute(tmp_path: Path) -> None:
    async def scenario(gate: Here) -> None:
        now = time.time()
        assert await code(gate, token(claims(exp=now - 55, nbf=now + 55))) is None
        over = await gate.post(chat_body("demo/chat"), key=token(claims(exp=now - 61)))
        assert (over.status, over.error["code"]) == (401, "expired_api_key")
        assert over.error["message"].startswith("This token has expired. Get a new one from its issuer.")
        ending = token(claims(exp=now - 59.6))
        seen = {await code(gate, ending) for _ in range(2)}
        while time.time() < now + 0.5:
            seen.add(await code(gate, ending))
        assert (seen - {None}, await code(gate, ending)) == ({"expired_api_key"}, "expired_api_key")

    at_gate(tmp_path, content(COMPANY), scenario)


def test_a_token_is_verified_once_and_again_when_something_was_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bytes] = []
    own = jwt.read

    def noted(credential: bytes) -> jwt.Reader:
        read.append(credential)
        return own(credential)

    monkeypatch.setattr(jwt, "read", noted)

    async def scenario(gate: Here) -> None:
        made = token(claims())
        assert [await code(gate, made) for _ in range(3)] == [None] * 3
        assert len(read) == 1
        gate.publish(content(replace(COMPANY, apps={"client": "app_b"}), version=2))
        assert await code(gate, made, "demo/more") == "model_not_found"
        assert len(read) == 2
        for later in (content(replace(COMPANY, keys=KEYS[1:]), version=3), content(version=4)):
            gate.publish(later)
            assert await code(gate, made) == "invalid_api_key"
        # What has no two dots is no token, and nobody looks.
        read.clear()
        assert [await code(gate, wrong) for wrong in ("nothing", "a.b", "a.b.c.d", "x" * 600)] == [
            "invalid_api_key"
        ] * 4
        assert read == []

    at_gate(tmp_path, content(COMPANY), scenario)


def test_issuers_of_one_name_are_told_apart_by_their_keys(tmp_path: Path) -> None:
    other = replace(
        COMPANY, id="issuer_0", apps={"client": "app_b"}, keys=(IssuerKey("RS256-0", "RS256", der("RS256", 1)),)
    )

    async def scenario(gate: Here) -> None:
        for number, app in ((0, "app_a"), (1, "app_b")):
            reply = await gate.post(
                chat_body("demo/chat"), key=token(claims(), number=number, header={"kid": "RS256-0"})
            )
            assert (reply.status, gate.record(reply.call_id).app_id) == (200, app)

    at_gate(tmp_path, content(other, COMPANY), scenario)


def test_a_key_that_looks_like_a_token_is_a_key(tmp_path: Path) -> None:
    made = content(COMPANY)
    brought = "brought.key.0123456789"
    keys = {**made.keys, MASTER.key_digest(brought.encode()): Key("key_b", "b", "app_b", 0)}

    async def scenario(gate: Here) -> None:
        assert [await code(gate, brought), await code(gate, KEY)] == [None, None]

    at_gate(tmp_path, replace(made, keys=keys), scenario)


def test_a_token_in_the_place_of_a_model_is_not_recorded(tmp_path: Path) -> None:
    async def scenario(gate: Here) -> None:
        made = token(claims())
        reply = await gate.chat(made)
        assert made[30:60] not in reply.body.decode() + str(gate.record(reply.call_id))

    at_gate(tmp_path, content(COMPANY), scenario)


@settings(max_examples=300, deadline=None)
@given(
    place=st.integers(0, 10_000),
    byte=st.sampled_from(list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")),
    alg=st.sampled_from(ALGORITHMS),
)
def test_no_token_counts_in_which_a_signed_character_was_changed(place: int, byte: int, alg: str) -> None:
    made = bytearray(token({"iss": ISSUER, "aud": AUDIENCE, "azp": "client", "exp": 4_102_444_800}, alg).encode())
    end = made.rindex(b".")
    place %= end
    if made[place] == byte or made[place] == ord("."):
        return
    made[place] = byte
    with pytest.raises(Refusal) as refused:
        jwt.verify(jwt.read(bytes(made)), (COMPANY,), 1_790_000_000_000_000)
    assert refused.value.code == "invalid_api_key"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_is_sent_as_a_token_is_read_or_refused(data: bytes) -> None:
    for credential in (data, data + b"..", b64(data).encode() + b"." + b64(data).encode() + b".AA"):
        with pytest.raises(Refusal):
            jwt.verify(jwt.read(credential), (COMPANY,), 1)
