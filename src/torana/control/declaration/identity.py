"""Through whom people sign in and what their groups give, in torana.yaml. In the words of the admin API."""

from collections.abc import Callable

from torana.control.declaration import words
from torana.control.declaration.document import Node
from torana.control.declaration.fields import Fields
from torana.control.declaration.problems import Place, Problems, quoted
from torana.control.declaration.shape import GroupRoleDeclared, IdentityProviderDeclared, Named, Outside
from torana.control.identity import address

Reference = Callable[[Outside | None], Outside | None]
_MOST = {"scopes": 50, "email_domains": 200, "hosts": 20}


def identity_provider_of(
    problems: Problems, reference: Reference, node: Node, place: Place
) -> IdentityProviderDeclared:
    """An entry of `identity_providers`. `reference` remembers a value outside the file."""
    fields = Fields(node, place, problems, words.IDENTITY_PROVIDER)
    name = fields.name("name")
    if name.lower() in address.NAMES_TAKEN:
        fields.say("name", f"{quoted(name)} has another meaning")
    issuer = fields.named("issuer", required=True) or Named("", place)
    if issuer.name and not address.is_issuer(issuer.name):
        fields.say("issuer", "expected https://, or http:// on this machine, without user name and query")
    public_url = _word(fields, "public_url", 500)
    if public_url is not None and not address.is_public_url(public_url):
        fields.say("public_url", "expected https://, or http:// on this machine")
    return IdentityProviderDeclared(
        name=name,
        issuer=issuer,
        client_id=_word(fields, "client_id", 300, required=True) or "",
        client_secret=reference(fields.outside("client_secret", "a secret")),
        scopes=_words(fields, problems, "scopes", None) if "scopes" in fields else None,
        groups_claim=_word(fields, "groups_claim", 200),
        create_users=fields.truth("create_users"),
        email_domains=_words(fields, problems, "email_domains", "a domain such as example.org"),
        trust_unverified_emails=fields.truth("trust_unverified_emails"),
        hosts=_words(fields, problems, "hosts", "the name of a host, with or without a port"),
        ca=reference(fields.outside("ca", "a certificate", only_file=True)),
        public_url=public_url,
        place=place,
    )


def group_role_of(problems: Problems, node: Node, place: Place) -> GroupRoleDeclared:
    """An entry of `group_roles`."""
    fields = Fields(node, place, problems, words.GROUP_ROLE)
    return GroupRoleDeclared(
        source=fields.named("source", required=True) or Named("", place),
        group=fields.text("group", required=True, most=300) or "",
        team=fields.named("team"),
        role=fields.named("role", required=True) or Named("", place),
        place=place,
    )


def _word(fields: Fields, name: str, most: int, required: bool = False) -> str | None:
    text = fields.text(name, required, most)
    if text is not None and " " in text:
        fields.say(name, "has to be without spaces")
    return text


def _words(fields: Fields, problems: Problems, name: str, host: str | None) -> tuple[str, ...]:
    """A list; where `host` says what each has to be, in lower case."""
    found = fields.names(name)
    if len(found) > _MOST[name]:
        fields.say(name, f"has at most {_MOST[name]} entries")
    for one in found:
        if " " in one.name:
            problems.add(one.place, "has to be without spaces")
        elif host is not None and (not address.is_host(one.name) or (name == "email_domains" and ":" in one.name)):
            problems.add(one.place, f"has to be {host}")
    return tuple(one.name if host is None else one.name.lower() for one in found)
