"""Channels and tokens of one-api or new-api, as their admin API lists them or as their tables hold them, in JSON.

Sources: https://github.com/songquanpeng/one-api (model/channel.go, model/token.go, relay/channeltype/define.go) and
https://github.com/QuantumNous/new-api (model/channel.go, model/token.go, constant/channel.go)
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from torana.control.importers.accounts import Accounts
from torana.control.importers.data import entries, from_json, mapping, number, shown, words
from torana.control.importers.one_api_channel import Channel, place_of
from torana.control.importers.report import Draft, Imported, NotReadable, fitting
from torana.control.keys.scopes import MOST_ENTRIES, network_of

TEAM = "imported"
_MOST_MODELS = 2_000
_NEW = frozenset(
    {"channel_info", "auto_ban", "tag", "param_override", "header_override", "settings", "openai_organization"}
)
"""Fields that only new-api's channels have; the two number their types differently."""
_CHANNEL_NOTES = {
    "group": "groups are not there: every app calls what it is subscribed to",
    "system_prompt": "the gate adds nothing to a body",
    "param_override": "the gate changes nothing in a body",
    "header_override": "the gate sends no headers of its own: a custom model can",
    "status_code_mapping": "a vendor's status is passed on as it is",
    "auto_ban": "a deployment that fails is left alone for a while by itself",
    "openai_organization": "the gate sends no organisation: use a key of that organisation's project",
    "tag": "there are no tags of providers",
    "setting": "its settings are not read: timeouts and proxy of the provider are the nearest",
    "settings": "its settings are not read: timeouts and proxy of the provider are the nearest",
    "test_model": "`torana vendors test` asks for a model of a service",
    "remark": "there are no remarks",
}
_SILENT = frozenset(
    {"id", "type", "key", "status", "name", "weight", "priority", "base_url", "models", "model_mapping", "other"}
    | {"config", "created_time", "test_time", "response_time", "balance", "balance_updated_time", "used_quota"}
    | {"channel_info", "other_info", "need_reconcile"}
)
"""Fields that are used, or figures that nobody needs elsewhere."""


def read(text: bytes) -> Imported:
    """The torana.yaml of an export. Raises NotReadable."""
    root = from_json(text)
    channels, tokens = _lists(root)
    if not channels and not tokens:
        raise NotReadable("it has neither channels nor tokens of one-api or new-api")
    reader = _Reader(new=any(_NEW & channel.keys() for _, channel in channels))
    for place, channel in channels:
        reader.channel(f"channels[{place}]", channel)
    reader.order()
    for place, token in tokens:
        reader.token(f"tokens[{place}]", token)
    reader.consumers()
    return reader.draft.done("an export of one-api")


Listed = list[tuple[int, Mapping[str, Any]]]


def _lists(root: Any) -> tuple[Listed, Listed]:
    """Channels and tokens: under these names, or one list that is told by its fields; also as the admin API wraps them."""
    if isinstance(root, dict) and ("channels" in root or "tokens" in root):
        return list(entries(_unwrapped(root.get("channels")))), list(entries(_unwrapped(root.get("tokens"))))
    found = list(entries(_unwrapped(root)))
    if any("remain_quota" in entry for _, entry in found):
        return [], found
    return [(place, entry) for place, entry in found if "models" in entry and "type" in entry], []


def _unwrapped(value: Any) -> Any:
    for name in ("data", "items"):
        if isinstance(value, dict) and name in value:
            value = value[name]
    return value


class _Reader:
    def __init__(self, new: bool) -> None:
        self.new = new
        self.draft = Draft()
        self.accounts = Accounts(self.draft)
        self.services: dict[str, dict[str, Any]] = {}
        """By the model that callers name."""
        self.ranks: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        """Deployments of each, with the priority of their channel."""
        self.apps: list[dict[str, Any]] = []
        what = "new-api" if new else "one-api"
        self.draft.carried("type", f"types of channels are read as {what} numbers them")

    def channel(self, field: str, entry: Mapping[str, Any]) -> None:
        if (status := number(entry.get("status"))) is not None and status != 1:
            self.draft.left(field, f"the channel {shown(entry.get('name'))} is switched off")
            return
        models = [name for name in (one.strip() for one in words(entry.get("models")).split(",")) if name]
        if not models or len(models) > _MOST_MODELS:
            self.draft.left(f"{field}.models", "it names no models, or too many")
            return
        renamed = self.renamed(field, entry)
        weight = number(entry.get("weight")) or 0
        priority = int(number(entry.get("priority")) or 0)
        for model in models:
            sent = words(renamed.get(model)) or model
            channel = Channel(field, entry, sent, self.new)
            providers = place_of(channel, self.draft, self.accounts)
            if not providers:
                return
            for provider in providers:
                deployment = {"provider": provider, "model": sent, "weight": min(max(int(weight), 1), 1_000_000)}
                self.deploy(f"{field}.models", model, priority, deployment)
        self.draft.carried(f"{field}.models", f"{len(models)} models")
        self.others(field, entry)

    def renamed(self, field: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        text = words(entry.get("model_mapping"))
        if not text:
            return mapping(entry.get("model_mapping"))
        try:
            found = mapping(msgspec.json.decode(text))
        except (msgspec.DecodeError, ValueError, RecursionError):
            self.draft.left(f"{field}.model_mapping", "it is not JSON")
            return {}
        if found:
            self.draft.carried(f"{field}.model_mapping", "models of deployments")
        return found

    def deploy(self, field: str, model: str, priority: int, deployment: dict[str, Any]) -> None:
        if model not in self.services:
            taken = {service["name"] for service in self.services.values()}
            made = fitting(model, taken.__contains__, most=200, slashes=True)
            if made != model:
                self.draft.changed(
                    field, f"{shown(model)} is service {made}: a name has letters, digits and . _ : @ + / - only"
                )
            self.services[model] = {"name": made, "deployments": []}
            self.draft.sections["services"].append(self.services[model])
        ranked = self.ranks.setdefault(model, [])
        for _, known in ranked:
            if (known["provider"], known["model"]) == (deployment["provider"], deployment["model"]):
                known["weight"] = min(known["weight"] + deployment["weight"], 1_000_000)
                return
        ranked.append((priority, deployment))

    def order(self) -> None:
        """The channels of the highest priority take calls; the others stand in, in the order of theirs."""
        several = False
        for model, ranked in self.ranks.items():
            best = max(priority for priority, _ in ranked)
            for priority, deployment in sorted(ranked, key=lambda one: -one[0]):
                if priority < best:
                    deployment["weight"] = 0
                    several = True
                self.services[model]["deployments"].append(deployment)
        if several:
            what = "channels below the highest priority of a model stand in (weight 0) when the others cannot"
            self.draft.changed("channels.priority", what)

    def others(self, field: str, entry: Mapping[str, Any]) -> None:
        for name, value in entry.items():
            plain = name == "group" and words(value) in ("", "default")
            if name in _SILENT or plain or value in (None, "", "{}", 0, False):
                continue
            self.draft.left(f"{field}.{shown(name)}", _CHANNEL_NOTES.get(name, "this importer does not know it"))

    def token(self, field: str, entry: Mapping[str, Any]) -> None:
        if number(entry.get("status")) not in (None, 1.0):
            self.draft.left(field, f"the token {shown(entry.get('name'))} is switched off, expired or used up")
            return
        taken = {app["name"] for app in self.apps}
        name = fitting(words(entry.get("name")) or "token", taken.__contains__)
        app: dict[str, Any] = {"name": name, "subscriptions": self.allowed(field, entry), "keys": [{"name": "token"}]}
        (key,) = app["keys"]
        if (text := words(entry.get("key"))) and "*" not in text:
            variable = self.draft.variables.make(f"{name} key", f"the token {name}, as callers send it: sk-…")
            key["value"] = {"env": variable}
            self.draft.carried(f"{field}.key", f"a brought key of app {TEAM}/{name}, in {variable}")
        else:
            self.draft.left(f"{field}.key", "it is not in the file: a new one is made by the apply, and shown once")
        self.expiry(field, entry, key)
        if entry.get("unlimited_quota") is not True and "remain_quota" in entry:
            self.draft.left(f"{field}.remain_quota", "budgets are not part of a torana.yaml; limits of requests are")
        self.networks(field, entry, key)
        if words(entry.get("group")):
            self.draft.left(f"{field}.group", _CHANNEL_NOTES["group"])
        self.apps.append(app)
        self.draft.carried(f"{field}.name", f"app {TEAM}/{name}")

    def networks(self, field: str, entry: Mapping[str, Any], key: dict[str, Any]) -> None:
        """Where it may be called from: new-api has an address a line, one-api networks with commas between."""
        for name in ("allow_ips", "subnet"):
            listed = [one.strip() for one in words(entry.get(name)).replace(",", "\n").splitlines() if one.strip()]
            found: dict[str, None] = {}
            for one in listed:
                try:
                    found[network_of(one)] = None
                except ValueError:
                    self.draft.left(f"{field}.{name}", f"{shown(one)} is no network")
            if found and len(found) <= MOST_ENTRIES:
                key["networks"] = list(found)
                self.draft.carried(f"{field}.{name}", f"networks of its key: {', '.join(list(found)[:3])}")
            elif listed:
                self.draft.left(f"{field}.{name}", "its key can be used from anywhere: narrow it before you hand it on")

    def allowed(self, field: str, entry: Mapping[str, Any]) -> list[str]:
        """The services that the token may call."""
        listed = words(entry.get("models"))
        if entry.get("model_limits_enabled") is True:
            listed = words(entry.get("model_limits"))
        names = [name for name in (one.strip() for one in listed.split(",")) if name]
        if not names:
            return sorted(service["name"] for service in self.services.values())
        for name in names:
            if name not in self.services:
                self.draft.left(f"{field}.models", f"{shown(name)} is in none of the channels")
        self.draft.carried(f"{field}.models", "subscriptions")
        return sorted({self.services[name]["name"] for name in names if name in self.services})

    def expiry(self, field: str, entry: Mapping[str, Any], key: dict[str, Any]) -> None:
        expired = number(entry.get("expired_time"))
        if expired is None or expired <= 0:
            return
        try:
            key["expires"] = datetime.fromtimestamp(int(expired), UTC).isoformat()
        except (ValueError, OverflowError, OSError):
            self.draft.left(f"{field}.expired_time", "it is no time")
        else:
            self.draft.carried(f"{field}.expired_time", key["expires"])

    def consumers(self) -> None:
        if not self.apps and self.services:
            names = sorted(service["name"] for service in self.services.values())
            self.apps = [{"name": "one-api", "subscriptions": names, "keys": [{"name": "first"}]}]
            self.draft.left("tokens", "there are none in the file: an app with a new key is there instead")
        if self.apps:
            self.draft.sections["teams"].append({"name": TEAM, "apps": self.apps})
