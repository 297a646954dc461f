"""Services with OpenAPI documents, as API managers such as APIPark list them: one list, or the lists of its own export by name.

Source: https://github.com/APIParkLab/APIPark (controller/system/import.go and the files beside it)
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from torana.catalog.vendors import VENDORS, vendor_named
from torana.control.importers import openapi
from torana.control.importers.accounts import Accounts, Credential, at_home, compatible, usual_variable
from torana.control.importers.data import entries, from_json, from_yaml, mapping, number, shown, words
from torana.control.importers.report import Draft, Imported, NotReadable, fitting

TEAM = "imported"
_LISTS = {
    "services": ("services", "service"),
    "teams": ("teams", "team"),
    "apps": ("apps", "app", "applications"),
    "authorizations": ("authorizations", "authorization"),
    "subscriptions": ("subscriptions", "subscribe", "subscribers"),
    "upstreams": ("upstreams", "upstream"),
}
_DOCUMENTS = ("openapi", "api_doc", "spec", "document", "doc", "content")
_MOST_SECONDS = 253_370_764_800
_REST = "a torana.yaml declares models only: keep the document, and make the service in the admin API"


def read(text: bytes) -> Imported:
    """The torana.yaml of such a list. Raises NotReadable."""
    root = from_json(text) if text.lstrip()[:1] in (b"{", b"[") else from_yaml(text)
    reader = _Reader(_sorted_out(root))
    reader.upstreams()
    reader.services()
    reader.consumers()
    return reader.draft.done("a list of OpenAPI services")


def _sorted_out(root: Any) -> dict[str, list[Mapping[str, Any]]]:
    """The lists by name. Raises NotReadable."""
    lists: dict[str, list[Mapping[str, Any]]] = {name: [] for name in _LISTS}
    if openapi.is_document(root):
        root = [root]
    for wrapped in ("data", "items", "list"):
        if isinstance(root, dict) and wrapped in root:
            root = root[wrapped]
    if isinstance(root, list):
        lists["services"] = [entry for _, entry in entries(root)]
    elif isinstance(root, dict):
        for name, spellings in _LISTS.items():
            for spelled in spellings:
                lists[name] += [entry for _, entry in entries(root.get(spelled))]
        if not lists["services"]:
            lists["services"] = [
                {"name": name, "openapi": one} for name, one in root.items() if openapi.is_document(one)
            ]
    if not lists["services"]:
        raise NotReadable("it has no services with OpenAPI documents")
    return lists


class _Reader:
    def __init__(self, lists: dict[str, list[Mapping[str, Any]]]) -> None:
        self.lists = lists
        self.draft = Draft()
        self.accounts = Accounts(self.draft)
        self.taken: set[str] = set()
        self.teams: dict[str, dict[str, Any]] = {}
        """Entries of `teams` by the id that the file has for each."""
        self.by_id: dict[str, list[str]] = {}
        """Names of services that came across, by the id of theirs."""
        self.addresses: dict[str, str] = {}
        self.rates: dict[str, int] = {}

    def upstreams(self) -> None:
        for place, entry in enumerate(self.lists["upstreams"]):
            service = words(entry.get("service")) or words(entry.get("id"))
            for _, node in entries(entry.get("nodes")):
                scheme = words(entry.get("scheme")).lower() or "https"
                self.addresses.setdefault(service, f"{scheme}://{words(node.get('address'))}")
            if (rate := number(entry.get("limit_peer_second"))) is not None and rate >= 1:
                self.rates[service] = int(rate)
            for name in ("timeout", "retry", "balance", "proxy_headers", "pass_host"):
                if entry.get(name):
                    self.draft.left(
                        f"upstreams[{place}].{name}", "set timeouts of the provider; calls are tried at each deployment"
                    )

    def services(self) -> None:
        for place, entry in enumerate(self.lists["services"]):
            field = f"services[{place}]"
            document = _document(entry)
            title = words(mapping(mapping(document).get("info")).get("title"))
            name = words(entry.get("name")) or title or "service"
            provider = words(entry.get("provider")) or words(mapping(entry.get("provider")).get("id"))
            if provider and words(entry.get("model")):
                self.hosted(field, entry, name, provider)
            elif document is None:
                self.draft.left(field, f"{shown(name)} has no OpenAPI document, so that nothing says what it is")
            else:
                self.described(field, entry, name, document)
            for said in ("description", "logo", "tags", "catalogue", "prefix", "approval_type"):
                if entry.get(said):
                    self.draft.left(f"{field}.{said}", "set it in the admin API")

    def hosted(self, field: str, entry: Mapping[str, Any], name: str, provider: str) -> None:
        """A model of a vendor, which the manager calls itself."""
        vendor = vendor_named(provider)
        if vendor is None or vendor.id not in VENDORS or not vendor.fixed_base_url:
            self.draft.left(f"{field}.provider", f"set up a provider for {shown(provider)} by hand")
            return
        account = self.accounts.account(vendor, vendor.id, Credential(variable=usual_variable(vendor)))
        self.draft.carried(f"{field}.provider", f"provider {account} (vendor {vendor.id})")
        self.service(field, entry, name, [(account, words(entry.get("model")))])

    def described(self, field: str, entry: Mapping[str, Any], name: str, document: Mapping[str, Any]) -> None:
        """A model behind an API of its own, or an API that is none."""
        upstream = self.addresses.get(words(entry.get("id")), "")
        found = openapi.model_of(document, upstream)
        if found is None:
            there = openapi.operations(document)
            where = openapi.server(document, upstream)
            known = f"{len(there)} operations" + (f" at {shown(where)}" if where and "@" not in where else "")
            self.draft.left(field, f"{shown(name)} is an API of {known}, not of a model. {_REST}")
            return
        if not found.models:
            why = "the document does not say which models there are: give its field `model` an enum, and import again"
            self.draft.left(field, f"{shown(name)} serves models in a dialect that is known, but {why}")
            return
        vendor = next((one for one in VENDORS.values() if at_home(one, found.base_url)), compatible())
        dialect = found.dialect if vendor.id == "openai-compatible" and found.dialect != "openai_chat" else ""
        credential = Credential(literal=f"credential of {field}") if found.credential else Credential()
        base_url = "" if at_home(vendor, found.base_url) else found.base_url
        account = self.accounts.account(vendor, name, credential, base_url=base_url, dialect=dialect)
        self.draft.carried(f"{field}.openapi", f"provider {account} at {shown(found.base_url)}")
        others = [one for one in openapi.operations(document) if not one.lower().startswith("post ")]
        if others:
            self.draft.left(f"{field}.openapi.paths", f"{len(others)} operations that are no calls of a model. {_REST}")
        self.service(field, entry, name, [(account, model) for model in found.models])

    def service(self, field: str, entry: Mapping[str, Any], name: str, places: list[tuple[str, str]]) -> None:
        """One service, or where there are several models one for each."""
        private = words(entry.get("service_type")) == "inner"
        owner = words(entry.get("team")) or words(mapping(entry.get("team")).get("id"))
        made: list[str] = []
        for provider, model in places:
            asked = name if len(places) == 1 else f"{name}/{model}"
            called = fitting(asked, self.taken.__contains__, most=200, slashes=True)
            self.taken.add(called)
            made.append(called)
            service: dict[str, Any] = {"name": called}
            if owner:
                service |= {"visibility": "team" if private else "organisation", "team": self.team(owner)["name"]}
            service["deployments"] = [{"provider": provider, "model": model}]
            if rate := self.rates.get(words(entry.get("id"))):
                service["limits"] = [{"requests": rate, "per": "second"}]
                self.draft.carried(
                    f"{field}.limit_peer_second", f"limit of service {called}: {rate} requests per second"
                )
            self.draft.sections["services"].append(service)
            say = self.draft.carried if called == name else self.draft.changed
            say(f"{field}.name", f"service {called}, model {shown(model)}")
        self.by_id[words(entry.get("id")) or name] = made

    def team(self, reference: str) -> dict[str, Any]:
        """The team with this id or name, made where it is first needed."""
        if reference not in self.teams:
            known = next((one for one in self.lists["teams"] if words(one.get("id")) == reference), {})
            names = {team["name"] for team in self.teams.values()}
            made = {"name": fitting(words(known.get("name")) or reference, names.__contains__), "apps": []}
            self.teams[reference] = made
            self.draft.sections["teams"].append(made)
        return self.teams[reference]

    def consumers(self) -> None:
        subscribed: defaultdict[str, list[str]] = defaultdict(list)
        for place, entry in enumerate(self.lists["subscriptions"]):
            app = words(entry.get("subscriber")) or words(entry.get("application"))
            names = self.by_id.get(words(entry.get("service")))
            if names is None:
                self.draft.left(f"subscriptions[{place}]", "its service did not come across")
            else:
                subscribed[app] += names
                self.draft.carried(f"subscriptions[{place}]", f"subscription to {', '.join(names[:3])}")
        for place, entry in enumerate(self.lists["apps"]):
            self.app(f"apps[{place}]", entry, subscribed)
        if not self.lists["apps"] and self.by_id:
            names = sorted(name for some in self.by_id.values() for name in some)
            self.draft.left("apps", "there are none in the file: an app with a new key is there instead")
            free = [name for name in names if self.is_open(name)]
            self.team(TEAM)["apps"].append({"name": "first", "subscriptions": free, "keys": [{"name": "first"}]})
        for team in self.teams.values():
            if not team["apps"]:
                del team["apps"]

    def is_open(self, name: str) -> bool:
        """Whether every team may subscribe."""
        found = next(one for one in self.draft.sections["services"] if one["name"] == name)
        return found.get("visibility") != "team"

    def app(self, field: str, entry: Mapping[str, Any], subscribed: Mapping[str, list[str]]) -> None:
        owner = words(entry.get("team")) or words(mapping(entry.get("team")).get("id")) or TEAM
        team = self.team(owner)
        identity = words(entry.get("id")) or words(entry.get("name"))
        name = fitting(words(entry.get("name")) or "app", {one["name"] for one in team["apps"]}.__contains__)
        app: dict[str, Any] = {"name": name}
        if names := sorted(set(subscribed.get(identity, []))):
            app["subscriptions"] = names
        keys: list[dict[str, Any]] = []
        for place, one in enumerate(self.lists["authorizations"]):
            if words(one.get("application")) == identity and (
                key := self.key(f"authorizations[{place}]", one, app, keys)
            ):
                keys.append(key)
        app["keys"] = keys or [{"name": "first"}]
        team["apps"].append(app)
        self.draft.carried(f"{field}.name", f"app {team['name']}/{name}")

    def key(
        self, field: str, entry: Mapping[str, Any], app: Mapping[str, Any], keys: list[dict[str, Any]]
    ) -> dict[str, Any] | None:
        if words(entry.get("driver")) != "apikey":
            why = "only keys come across: issuers of tokens are set up in the admin API"
            self.draft.left(f"{field}.driver", f"{shown(entry.get('driver'))}: {why}")
            return None
        name = fitting(words(entry.get("name")) or "key", {one["name"] for one in keys}.__contains__)
        variable = self.draft.variables.make(f"{app['name']} {name} key", f"the key {name} of app {app['name']}")
        key: dict[str, Any] = {"name": name, "value": {"env": variable}}
        self.draft.carried(f"{field}.config.apikey", f"a brought key, in {variable}")
        expires = number(entry.get("expire_time")) or 0
        if 0 < expires < _MOST_SECONDS:
            key["expires"] = datetime.fromtimestamp(int(expires), UTC).isoformat()
            self.draft.carried(f"{field}.expire_time", key["expires"])
        if words(entry.get("token_name")) not in ("", "Authorization"):
            self.draft.changed(f"{field}.token_name", "a key is sent as Authorization: Bearer, x-api-key or api-key")
        return key


def _document(entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The OpenAPI document of a service, also one that is a text in the file; None where there is none."""
    if openapi.is_document(entry):
        return entry
    for name in _DOCUMENTS:
        value = entry.get(name)
        if isinstance(value, str) and value.lstrip()[:1] == "{":
            try:
                value = msgspec.json.decode(value)
            except (msgspec.DecodeError, ValueError, RecursionError):
                continue
        elif isinstance(value, str) and "paths:" in value:
            try:
                value = from_yaml(value.encode("utf-8", "replace"))
            except NotReadable:
                continue
        if openapi.is_document(value):
            return mapping(value)
    return None
