"""torana.yaml to a Declaration: the meaning of every field. Cross-checks stand in references.py."""

import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import Literal, cast
from urllib.parse import urlsplit

import msgspec

from torana.catalog.vendors import DIALECTS, vendor_named
from torana.control.bulk import without_collecting
from torana.control.declaration import access, terms, words
from torana.control.declaration.custom import described
from torana.control.declaration.document import Node, read_document
from torana.control.declaration.fields import SERVICE_NAME, Fields
from torana.control.declaration.identity import group_role_of, identity_provider_of
from torana.control.declaration.issuers import issuer_of
from torana.control.declaration.limits import limits_of
from torana.control.declaration.outside import OutsideValues, check_outside
from torana.control.declaration.problems import DeclarationError, Place, Problems
from torana.control.declaration.references import Surroundings, check_references
from torana.control.declaration.shape import (
    AppDeclared,
    Declaration,
    DeploymentDeclared,
    Description,
    KeyDeclared,
    Named,
    Outside,
    PriceDeclared,
    ProviderDeclared,
    ServiceDeclared,
    TeamDeclared,
    TimeoutsDeclared,
    Visibility,
)
from torana.control.keys.scopes import MOST_ENTRIES, Scopes, network_of, scopes_problem
from torana.control.providers.places import value_problem

_DIALECTS = tuple(sorted(DIALECTS))
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")


class Parsed(msgspec.Struct, frozen=True):
    """A file that was read but not yet checked against what it refers to."""

    declaration: Declaration
    outside: tuple[Outside, ...]
    """Every reference to a value outside the file, in the order of the file."""
    problems: Problems


class _Kept(msgspec.Struct, frozen=True):
    digest: bytes
    parsed: Parsed


# The file read last: looking its outside values up, planning and applying it come one after the other, often in one process.
_kept: _Kept | None = None


def parse_declaration(text: bytes, source: str = "torana.yaml") -> Parsed:
    """Read a file; `source` names it in problems. Raises DeclarationError when it is no YAML document; all other problems
    are kept, to be told together with those that `check_declaration` finds."""
    global _kept
    problems = Problems(source)
    digest = hashlib.blake2b(text).digest()
    known = _kept
    if known is not None and known.digest == digest:
        problems.found.extend(known.parsed.problems.found)
        return msgspec.structs.replace(known.parsed, problems=problems)
    reader = _Reader(problems)
    with without_collecting():
        declaration = reader.file(read_document(text, problems))
    parsed = Parsed(declaration, tuple(reader.outside), problems)
    # With problems of its own: whoever gets this one adds to its.
    own = Problems(source)
    own.found.extend(problems.found)
    _kept = _Kept(digest, msgspec.structs.replace(parsed, problems=own))
    return parsed


def forget_parsed() -> None:
    """Give the memory of the file read last back."""
    global _kept
    _kept = None


def check_declaration(parsed: Parsed, around: Surroundings, values: OutsideValues) -> Declaration:
    """The declaration, if everything fits. Raises DeclarationError with every problem of the file."""
    check_references(parsed.declaration, around, parsed.problems)
    check_outside(parsed.outside, values, parsed.problems)
    parsed.problems.raise_if_any()
    return parsed.declaration


def outside_references(text: bytes) -> tuple[Outside, ...]:
    """Every reference to a value outside the file, for the side that can resolve them. Never raises: a file that cannot
    be read has none, and reading it again with `parse_declaration` tells why."""
    try:
        return parse_declaration(text).outside
    except DeclarationError:
        return ()


class _Reader:
    """One method for each kind of entry."""

    __slots__ = ("_problems", "outside")

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self.outside: list[Outside] = []
        """Every reference to a value outside the file, in the order of the file."""

    def reference(self, found: Outside | None) -> Outside | None:
        """Remember a reference to a value outside the file."""
        if found is not None:
            self.outside.append(found)
        return found

    def fields(self, node: Node, place: Place, allowed: tuple[str, ...]) -> Fields:
        """Begin to read a mapping."""
        return Fields(node, place, self._problems, allowed)

    def file(self, root: Node) -> Declaration:
        """The whole file."""
        fields = self.fields(root, Place(root.line, root.column), words.TOP)
        return Declaration(
            providers=fields.each("providers", self.provider),
            services=fields.each("services", self.service),
            teams=fields.each("teams", self.team),
            prices=fields.each("prices", self.price),
            roles=fields.each("roles", partial(access.role_of, self._problems)),
            issuers=fields.each("issuers", partial(issuer_of, self._problems)),
            identity_providers=fields.each(
                "identity_providers", partial(identity_provider_of, self._problems, self.reference)
            ),
            group_roles=fields.each("group_roles", partial(group_role_of, self._problems)),
            webhooks=fields.each("webhooks", partial(access.webhook_of, self._problems, self.reference)),
        )

    def provider(self, node: Node, place: Place) -> ProviderDeclared:
        """An entry of `providers`."""
        fields = self.fields(node, place, words.PROVIDER)
        return ProviderDeclared(
            name=fields.name("name"),
            vendor=_vendor(fields, required=True) or Named("", place),
            base_url=_base_url(fields, "base_url"),
            api_key=self.reference(fields.outside("api_key", "a credential")),
            ca=self.reference(fields.outside("ca", "a certificate", only_file=True)),
            proxy=_url(fields, "proxy", ("http",), "http://HOST:PORT", path=False),
            timeouts=self.timeouts(fields),
            place=place,
            dialect=fields.choice("dialect", _DIALECTS, "") or None,
            bases=self.bases(fields),
            options=self.options(fields),
        )

    def bases(self, fields: Fields) -> dict[str, str]:
        """`bases` of a provider: dialects with their base URLs."""
        found = fields.node("bases")
        if found is None:
            return {}
        inner = self.fields(*found, _DIALECTS)
        urls = ((dialect, _base_url(inner, dialect)) for dialect in _DIALECTS)
        return {dialect: url for dialect, url in urls if url is not None}

    def options(self, fields: Fields) -> dict[str, Named]:
        """`options` of a provider: any names, which are checked against the vendor's."""
        found = fields.node("options")
        if found is None:
            return {}
        node, place = found
        names = tuple(node.value) if isinstance(node.value, dict) else ("region", "project")
        inner = self.fields(node, place, names)
        values = {name: inner.named(name) for name in names}
        for name, value in values.items():
            if value is not None and (problem := value_problem(name, value.name)):
                inner.say(name, problem)
        return {name: value for name, value in sorted(values.items()) if value is not None}

    def timeouts(self, fields: Fields) -> TimeoutsDeclared:
        """`timeouts` of a provider."""
        found = fields.node("timeouts")
        if found is None:
            return TimeoutsDeclared()
        inner = self.fields(*found, words.TIMEOUTS)
        return TimeoutsDeclared(*[inner.seconds(name) for name in words.TIMEOUTS])

    def service(self, node: Node, place: Place) -> ServiceDeclared:
        """An entry of `services`."""
        fields = self.fields(node, place, words.SERVICE)
        kind = cast(Literal["model", "custom"], fields.choice("kind", ("model", "custom"), "model"))
        visibility = cast(Visibility | None, fields.choice("visibility", words.VISIBILITIES, "") or None)
        deployments = fields.each("deployments", partial(self.deployment, kind), required=True)
        if "deployments" in fields and not deployments:
            fields.say("deployments", "has to have at least one entry")
        if kind == "custom" and len(deployments) > 1:
            fields.say("deployments", "has one entry where kind is custom")
        return ServiceDeclared(
            name=fields.name("name", SERVICE_NAME),
            kind=kind,
            visibility=visibility,
            team=fields.named("team"),
            aliases=fields.names("aliases", SERVICE_NAME),
            deployments=deployments,
            limits=limits_of(fields, self._problems),
            keep_bodies=fields.truth("keep_bodies"),
            place=place,
            model=self.model(fields, kind),
            drop_unsupported=fields.truth("drop_unsupported"),
            try_unsupported=fields.truth("try_unsupported"),
            description=fields.prose("description", 4000),
            contract=terms.contract_of(fields, self._problems),
            shared_with=fields.names("shared_with"),
            subscription_policy=terms.policy_of(fields, self._problems),
            plans=terms.plans_of(fields, self._problems),
        )

    def model(self, fields: Fields, kind: str) -> Description | None:
        """`model` or `model_file` of a service of kind custom."""
        written, file = fields.node("model"), self.reference(fields.path("model_file"))
        if kind != "custom":
            for name in ("model", "model_file"):
                if name in fields:
                    fields.say(name, "belongs to kind: custom; the model of a vendor stands in deployments")
            return None
        if ("model" in fields) == ("model_file" in fields):
            fields.say("model", "a custom model is described either here or in a file that model_file names")
            return None
        if written is not None:
            return Description(described(*written, self._problems), None, written[1])
        return None if file is None else Description(None, file, file.place)

    def deployment(self, kind: str, node: Node, place: Place) -> DeploymentDeclared:
        """An entry of `deployments`."""
        fields = self.fields(node, place, words.DEPLOYMENT)
        weight = fields.whole("weight", 0, 1_000_000)
        return DeploymentDeclared(
            provider=fields.named("provider", required=True) or Named("", place),
            model=fields.text("model", required=kind != "custom", most=200) or "",
            weight=1 if weight is None else weight,
            place=place,
        )

    def team(self, node: Node, place: Place) -> TeamDeclared:
        """An entry of `teams`."""
        fields = self.fields(node, place, words.TEAM)
        return TeamDeclared(
            name=fields.name("name"),
            apps=fields.each("apps", self.app),
            limits=limits_of(fields, self._problems),
            place=place,
        )

    def app(self, node: Node, place: Place) -> AppDeclared:
        """An entry of `apps`."""
        fields = self.fields(node, place, words.APP)
        return AppDeclared(
            name=fields.name("name"),
            subscriptions=terms.subscriptions_of(fields, self._problems),
            keys=fields.each("keys", self.key),
            limits=limits_of(fields, self._problems),
            keep_bodies=fields.truth("keep_bodies"),
            place=place,
        )

    def key(self, node: Node, place: Place) -> KeyDeclared:
        """An entry of `keys`."""
        fields = self.fields(node, place, words.KEY)
        return KeyDeclared(
            name=fields.name("name"),
            value=self.reference(fields.outside("value", "a key")),
            expires_us=fields.moment("expires"),
            limits=limits_of(fields, self._problems),
            place=place,
            scopes=self.scopes(fields),
            networks=self.entries(fields, "networks", network_of),
        )

    def scopes(self, fields: Fields) -> Scopes | None:
        """`scopes`: what a key may call of what its app may."""
        found = fields.node("scopes")
        if found is None:
            return None
        inner = self.fields(*found, words.SCOPES)
        scopes = Scopes(*[self.entries(inner, part, partial(_scope, part)) for part in words.SCOPES])
        return None if scopes == Scopes() else scopes

    def entries(self, fields: Fields, name: str, read: Callable[[str], str]) -> tuple[str, ...] | None:
        """A list that restricts: absent is no restriction, and so it cannot be empty."""
        if name not in fields:
            return None
        read_entries: list[str] = []
        listed = fields.names(name)
        for entry in listed:
            try:
                read_entries.append(read(entry.name))
            except ValueError as error:
                self._problems.add(entry.place, str(error))
        if not 1 <= len(listed) <= MOST_ENTRIES:
            fields.say(name, f"has to list 1 to {MOST_ENTRIES} entries; leave it out for no restriction")
        return tuple(dict.fromkeys(read_entries))

    def price(self, node: Node, place: Place) -> PriceDeclared:
        """An entry of `prices`: dollars per million tokens."""
        fields = self.fields(node, place, words.PRICE)
        if isinstance(node.value, dict) and ("vendor" in fields) == ("provider" in fields):
            self._problems.add(place, "a price is that of a vendor or of a provider: give one of the two")
        for name in ("input", "output"):
            if isinstance(node.value, dict) and name not in fields:
                fields.say(name, "is missing; a price is in dollars per million tokens")
        return PriceDeclared(
            vendor=_vendor(fields),
            provider=fields.named("provider"),
            model=fields.text("model", required=True, most=200) or "",
            input_usd=fields.usd("input"),
            cached_input_usd=fields.usd("cached_input"),
            output_usd=fields.usd("output"),
            reasoning_usd=fields.usd("reasoning"),
            place=place,
        )


def _scope(part: str, entry: str) -> str:
    if problem := scopes_problem(part, entry):
        raise ValueError(problem)
    return entry


def _vendor(fields: Fields, required: bool = False) -> Named | None:
    """A vendor under its id, however it is spelled; as it is where there is none."""
    found = fields.named("vendor", required)
    known = None if found is None else vendor_named(found.name)
    return found if found is None or known is None else Named(known.id, found.place)


def _base_url(fields: Fields, name: str) -> str | None:
    return _url(fields, name, ("http", "https"), "http://HOST[:PORT][/PATH] or https://…", path=True)


def _url(fields: Fields, name: str, schemes: tuple[str, ...], form: str, *, path: bool) -> str | None:
    """An address without user, password, query or fragment: it holds no secret. Never repeated in a message."""
    text = fields.text(name)
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
        plain = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc
        fits = (
            parts.scheme in schemes
            and bool(_HOST.fullmatch(plain))
            and port != 0
            and "\\" not in text
            and " " not in text
        )
    except ValueError:
        fields.say(name, f"has to be an address such as {form}")
        return None
    if not fits or "?" in text or "#" in text or (not path and parts.path not in ("", "/")):
        fields.say(name, f"has to be an address such as {form}, without user, password, query or fragment")
        return None
    return text.rstrip("/")
