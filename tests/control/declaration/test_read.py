"""torana.yaml, as an operator meets it: what it means, and what is said when it does not fit."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torana.control.declaration.outside import OutsideValues, resolve_outside
from torana.control.declaration.problems import DeclarationError
from torana.control.declaration.read import check_declaration, outside_references, parse_declaration
from torana.control.declaration.references import Surroundings, VendorFacts
from torana.control.declaration.shape import Declaration, LimitDeclared

CANARY = "sk-canary-7f3a9c"
AROUND = Surroundings(
    vendors={
        "openai-compatible": VendorFacts(None),
        "openai": VendorFacts("https://api.openai.com/v1"),
        "demo": VendorFacts(""),
    },
    providers=frozenset({"demo"}),
    services={"demo/chat": "", "secret": "platform"},
    aliases={"chat": "demo/chat"},
    teams=frozenset({"platform"}),
)
EXAMPLE = """
providers:
  - {name: local, vendor: openai-compatible, base_url: "http://127.0.0.1:9001/v1", api_key: {env: LOCAL_KEY}}
services:
  - name: gpt-4.1
    kind: model
    visibility: organisation
    deployments: [{provider: local, model: gpt-4.1}]
teams:
  - name: default
    apps:
      - name: bench
        subscriptions: [gpt-4.1]
        keys: [{name: first, value: {env: BENCH_KEY}}]
        limits: [{requests: 1000000, per: minute}, {concurrency: 2000}]
"""
ENVIRONMENT = {"LOCAL_KEY": "local-secret", "BENCH_KEY": "bench-secret"}


def read(text: str | bytes, environment: dict[str, str] | None = None, folder: Path = Path()) -> Declaration:
    content = text.encode() if isinstance(text, str) else text
    values = resolve_outside(outside_references(content), environment or {}, folder)
    return check_declaration(parse_declaration(content), AROUND, values)


def complaints(text: str | bytes, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        read(text, environment)
    return str(caught.value).splitlines()


def test_the_example_of_the_documentation_is_understood() -> None:
    declared = read(EXAMPLE, ENVIRONMENT)
    provider, service, team = declared.providers[0], declared.services[0], declared.teams[0]
    assert (provider.name, provider.vendor.name, provider.base_url) == (
        "local",
        "openai-compatible",
        "http://127.0.0.1:9001/v1",
    )
    assert provider.api_key is not None
    assert provider.api_key.key == "env:LOCAL_KEY"
    assert (service.name, service.kind, service.visibility, service.team) == ("gpt-4.1", "model", "organisation", None)
    assert [(d.provider.name, d.model, d.weight) for d in service.deployments] == [("local", "gpt-4.1", 1)]
    app = team.apps[0]
    assert [s.service.name for s in app.subscriptions] == ["gpt-4.1"]
    assert [k.name for k in app.keys] == ["first"]
    assert app.limits == (LimitDeclared("concurrency", 2000, 0), LimitDeclared("requests", 1_000_000, 60))


def test_every_optional_field_is_understood(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----")
    declared = read(
        """
providers:
  - name: eu
    vendor: openai
    ca: {file: ca.pem}
    proxy: http://proxy.internal:3128
    timeouts: {connect: 2, first_byte: 30.5, idle: 10, total: 90}
services:
  - {name: s, visibility: team, team: platform, aliases: [b], keep_bodies: true, limits: [{requests: 5, per: day}],
     deployments: [{provider: eu, model: 1.10, weight: 0}, {provider: demo, model: chat, weight: 3}]}
teams:
  - name: red
    limits: [{concurrency: 1_000}]
    apps: [{name: a, keep_bodies: true, keys: [{name: k, expires: 2100-01-01, limits: [{requests: 1, per: second}]}]}]
prices: [{vendor: openai, model: m, input: 1.250, cached_input: "0.125", output: 10}]
""",
        folder=tmp_path,
    )
    provider, service, price = declared.providers[0], declared.services[0], declared.prices[0]
    assert (provider.timeouts.connect, provider.timeouts.first_byte, provider.proxy) == (
        2.0,
        30.5,
        "http://proxy.internal:3128",
    )
    assert [(d.model, d.weight) for d in service.deployments] == [("1.10", 0), ("chat", 3)]
    assert (service.visibility, service.keep_bodies) == ("team", True)
    assert [a.name for a in service.aliases] == ["b"]
    assert (price.input_usd, price.cached_input_usd, price.output_usd, price.reasoning_usd) == (
        "1.25",
        "0.125",
        "10",
        None,
    )
    key = declared.teams[0].apps[0].keys[0]
    assert key.expires_us == 4_102_444_800_000_000
    assert key.value is None


def test_a_wrong_reference_names_line_column_path_and_the_close_name() -> None:
    text = EXAMPLE.replace("provider: local", "provider: locl")
    assert complaints(text, ENVIRONMENT) == [
        'torana.yaml:8:30: services[0].deployments[0].provider: there is no provider "locl"; did you mean "local"?'
    ]


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    lines = complaints("providers: [{name: a, vendor: opnai}]\nservices: [{name: s}]\nteams: [{name: t, limit: []}]\n")
    assert lines == [
        'torana.yaml:1:31: providers[0].vendor: there is no vendor "opnai"; did you mean "openai"?',
        "torana.yaml:2:12: services[0]: deployments: is missing",
        'torana.yaml:3:19: teams[0]: there is no field "limit" here; did you mean "limits"?',
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services: 5", "services: has to be a list, but this is a single value"),
        ("teams: [x]", "teams[0]: has to be a mapping with name, apps, limits, but this is a single value"),
        ("teams: [{name: [a]}]", "teams[0].name: has to be text, but this is a list"),
        ("teams: [{name: }]", "teams[0].name: has to be text, but this is nothing"),
        ("teams: [{name: a, name: b}]", "1:19: teams[0].name: given twice; the first one stands in line 1"),
        ("teams: [{name: a}, {name: a}]", 'there is already a team "a", in line 1'),
        ("teams: [{name: a, apps: [{name: x}, {name: x}]}]", 'there is already an app "x"'),
        ("teams: [{name: a, limits: [{concurrency: -1}]}]", "limits[0].concurrency: has to be a whole number from 1"),
        ("teams: [{name: a, limits: [{concurrency: '5'}]}]", "without quotes"),
        ("teams: [{name: a, limits: [{requests: 5}]}]", "per: is missing; there is second, minute, hour, day"),
        ("teams: [{name: a, limits: [{concurrency: 5}, {concurrency: 6}]}]", "there is already such a limit"),
        ("teams: [{name: a, apps: [{name: x, subscriptions: [secret]}]}]", '"secret" is only for the team "platform"'),
        ("prices: [{model: m, input: 1, output: 2}]", "give one of the two"),
        ("prices: [{vendor: openai, model: m, input: 1.0000001, output: 2}]", "has more than six decimals"),
        ("prices: [{provider: nope, model: m, input: 1, output: 2}]", 'there is no provider "nope"'),
        ("teams: [{name: a, apps: [{name: x, subscriptions: [demo/cat]}]}]", 'did you mean "demo/chat"?'),
        ("teams: [{name: a, apps: [{name: x, subscriptions: [demo/chat, demo/chat]}]}]", "is listed twice"),
        ("services: [{name: s, deployments: []}]", "deployments: has to have at least one entry"),
        (
            "services: [{name: s, kind: rest, deployments: [{provider: demo, model: m}]}]",
            '"rest" is not possible; there is model',
        ),
        ("services: [{name: s, visibility: team, deployments: [{provider: demo, model: m}]}]", "needs the field team"),
        (
            "services: [{name: s, aliases: [chat], deployments: [{provider: demo, model: m}]}]",
            'a name of the service "demo/chat"',
        ),
        ("services: [{name: s, deployments: [{provider: demo, model: m, weight: 0}]}]", "at least one needs more"),
        (
            "services: [{name: s, keep_bodies: yes, deployments: [{provider: demo, model: m}]}]",
            "has to be true or false",
        ),
        ("providers: [{name: p, vendor: openai-compatible}]", "base_url is missing"),
        ("providers: [{name: p, vendor: openai, base_url: 'ftp://x'}]", "base_url: has to be an address such as http"),
        ("providers: [{name: p, vendor: openai, timeouts: {connect: 0}}]", "has to be more than 0 seconds"),
        (
            "providers: [{name: p, vendor: openai, ca: {env: X}}]",
            "a certificate is given as {file: PATH} and nothing else",
        ),
        (
            "providers: [{name: p, vendor: openai, api_key: {env: NOT_SET}}]",
            "the environment variable NOT_SET is not set",
        ),
        (
            "providers: [{name: p, vendor: openai, api_key: {file: no/such}}]",
            "cannot be read: No such file or directory",
        ),
        (
            "prices: [{vendor: openai, model: m, input: 1}]",
            "output: is missing; a price is in dollars per million tokens",
        ),
        ("a: &x [*x]", "no anchor &x stands before this alias"),
        ("a: 1\n  b: 2", "2:4: not valid YAML"),
        ("", "the file is empty; to declare nothing at all, write {}"),
        ("a: 1\n---\nb: 1", "a second YAML document"),
        ("!!python/object:os.system [x]", "tags (words that begin with !) are not understood"),
        ("[" * 500, "nested more than 24 deep"),
    ],
)
def test_what_does_not_fit_is_said_precisely(text: str, said: str) -> None:
    assert any(said in line for line in complaints(text)), complaints(text)


@pytest.mark.parametrize(
    "text",
    [
        f"providers: [{{name: p, vendor: openai, api_key: {CANARY}}}]",
        f"providers: [{{name: p, vendor: openai, api_key: [{CANARY}]}}]",
        f"providers: [{{name: p, vendor: openai, api_key: {{value: {CANARY}}}}}]",
        f"providers: [{{name: p, vendor: openai, api_key: {{{CANARY}: x}}}}]",
        f"providers: [{{name: p, vendor: openai, api_key: {{env: {CANARY}}}}}]",
        f"providers: [{{name: p, vendor: openai, base_url: 'https://u:{CANARY}@host/v1'}}]",
        f"providers: [{{name: p, vendor: openai, base_url: 'https://host/v1?key={CANARY}'}}]",
        f"providers: [{{name: p, vendor: openai, proxy: 'http://u:{CANARY}@host:1'}}]",
        f"teams: [{{name: t, apps: [{{name: a, keys: [{{name: k, value: {CANARY}}}]}}]}}]",
        f"teams: [{{name: t, apps: [{{name: a, keys: {CANARY}}}]}}]",
    ],
)
def test_a_secret_written_in_the_file_is_refused_and_not_repeated(text: str) -> None:
    lines = complaints(text)
    assert len(lines) == 1
    assert CANARY not in lines[0]


def test_a_bomb_of_aliases_is_refused() -> None:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"{b}: &{b} [{','.join(['*' + a] * 10)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    assert "once aliases are unfolded" in complaints("\n".join(lines))[0]


def test_an_alias_shares_what_was_written_once() -> None:
    declared = read("teams: [{name: a, limits: &l [{concurrency: 7}]}, {name: b, limits: *l}]")
    assert declared.teams[0].limits == declared.teams[1].limits == (LimitDeclared("concurrency", 7, 0),)


def test_a_file_larger_than_16_mib_is_refused() -> None:
    assert complaints(b"#" * (16 * 1024 * 1024 + 1)) == ["torana.yaml: larger than 16 MiB"]


def test_a_wrong_file_with_many_problems_tells_how_many_more_there_are() -> None:
    lines = complaints("teams: [" + ",".join("{nam: x}" for _ in range(100)) + "]")
    assert len(lines) == 51
    assert lines[-1] == "torana.yaml: … and 150 more problems"


def test_a_relative_file_lies_beside_torana_yaml(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("the-key\n")
    text = b"providers: [{name: p, vendor: openai, api_key: {file: key}}]"
    values = resolve_outside(outside_references(text), {}, tmp_path)
    reference = check_declaration(parse_declaration(text), AROUND, values).providers[0].api_key
    found = values.of(reference)
    assert found is not None
    assert found.reveal() == "the-key"


def test_a_value_that_did_not_come_along_is_a_problem_of_its_place() -> None:
    parsed = parse_declaration(b"providers: [{name: p, vendor: openai, api_key: {env: A}}]")
    with pytest.raises(DeclarationError, match="no value came along for env A"):
        check_declaration(parsed, AROUND, OutsideValues({}, {}))


def test_ten_thousand_services_are_read_in_one_go() -> None:
    services = "\n".join(f"  - {{name: s{i}, deployments: [{{provider: demo, model: m}}]}}" for i in range(10_000))
    assert len(read("services:\n" + services).services) == 10_000


_WORDS = st.sampled_from(
    [
        "providers",
        "services",
        "teams",
        "prices",
        "name",
        "vendor",
        "openai",
        "api_key",
        "env",
        "limits",
        "requests",
        "per",
        "x",
        "5",
        "-1",
        "null",
    ]
)
_TREES = st.recursive(
    _WORDS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS, inner, max_size=4), max_leaves=20
)


def _flow(tree: object) -> str:
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{name}: {_flow(value)}" for name, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(_flow, tree)) + "]"
    return str(tree)


def read_or_refused(content: bytes) -> bool:
    """True when the file was read, or refused with at least one problem; anything else escapes as an exception."""
    try:
        read(content)
    except DeclarationError as error:
        return len(error.problems) > 0
    return True


@given(st.one_of(st.text(), st.text("[]{}:,-&*!|>'\"%@`#\n\t ab01"), _TREES.map(_flow)))
def test_any_text_is_read_or_refused_with_problems(text: str) -> None:
    assert read_or_refused(text.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_problems(content: bytes) -> None:
    assert read_or_refused(content)
