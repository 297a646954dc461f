"""A LiteLLM proxy's config.yaml. Sources: https://docs.litellm.ai/docs/proxy/configs, https://docs.litellm.ai/docs/routing"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from torana.control.export.text import Number
from torana.control.importers.accounts import Accounts, Credential, is_variable
from torana.control.importers.data import entries, from_yaml, mapping, number, shown, words
from torana.control.importers.litellm_account import Asked, account_of, secret_of
from torana.control.importers.litellm_words import CATALOGUE, DEFAULTS, PARAMS, SETTINGS, UNKNOWN
from torana.control.importers.report import Draft, Imported, NotReadable, fitting

TEAM, APP = "imported", "litellm"
_LEAST_KEY = 16
_SECTIONS = ("model_list", "litellm_settings", "router_settings", "general_settings", "environment_variables")
_ADDRESSING = frozenset(
    {"model", "api_base", "base_url", "api_key", "api_version", "timeout", "request_timeout", "stream_timeout"}
    | {"custom_llm_provider", "aws_region_name", "aws_access_key_id", "aws_secret_access_key", "vertex_project"}
    | {"vertex_location", "vertex_credentials", "region_name"}
)
_OWN = frozenset({"rpm", "max_parallel_requests", "weight", "order", "input_cost_per_token", "output_cost_per_token"})
_COSTS = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached_input": "cache_read_input_token_cost",
    "reasoning": "output_cost_per_reasoning_token",
}


def read(text: bytes) -> Imported:
    """The torana.yaml of a config.yaml. Raises NotReadable."""
    root = from_yaml(text)
    if not isinstance(root, dict) or not any(name in root for name in _SECTIONS):
        raise NotReadable("it is not a config.yaml of LiteLLM: it has no model_list")
    reader = _Reader(root)
    reader.models()
    reader.settings()
    reader.consumers()
    return reader.draft.done("a config.yaml of LiteLLM")


class _Reader:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self.draft = Draft()
        self.accounts = Accounts(self.draft)
        self.services: dict[str, dict[str, Any]] = {}
        """Entries of `services` by the name in model_list."""
        self.limits: dict[str, dict[str, list[float | None]]] = {}
        self.span = number(mapping(root.get("litellm_settings")).get("request_timeout"))

    def models(self) -> None:
        if not isinstance(self.root.get("model_list"), list):
            self.draft.left(
                "model_list", "there is none in the file: models that lie in LiteLLM's database are not read"
            )
        for place, entry in entries(self.root.get("model_list")):
            self.model(f"model_list[{place}]", entry)
        for name, kept in self.limits.items():
            self.limit(name, "rpm", kept["rpm"])
            self.limit(name, "max_parallel_requests", kept["max_parallel_requests"])
        # In the end: every service needs one that takes calls.
        for service in self.services.values():
            if not any(one.get("weight", 1) for one in service["deployments"]):
                service["deployments"][0].pop("weight")

    def model(self, field: str, entry: Mapping[str, Any]) -> None:
        name, params = words(entry.get("model_name")), mapping(entry.get("litellm_params"))
        if not name or not params:
            self.draft.left(field, "model_name or litellm_params is missing")
            return
        if "*" in name or "*" in words(params.get("model")):
            why = "there are no wildcards: name each model, as `torana models --catalogue --vendor VENDOR` lists them"
            self.draft.left(f"{field}.model_name", why)
            return
        asked = account_of(Asked(f"{field}.litellm_params", params, self.span), self.draft, self.accounts)
        if asked is None:
            return
        provider, model = asked
        service = self.service(f"{field}.model_name", name)
        self.deploy(field, service, provider, model, params)
        kept = self.limits.setdefault(name, {"rpm": [], "max_parallel_requests": []})
        for limit, found in kept.items():
            found.append(number(params.get(limit, entry.get(limit))))
        self.price(field, provider, model, {**mapping(entry.get("model_info")), **params})
        self.others(field, entry, params)
        if "api_version" in params and not words(params.get("model")).startswith("azure"):
            self.draft.left(f"{field}.litellm_params.api_version", "only Azure's addresses have versions")

    def service(self, field: str, name: str) -> dict[str, Any]:
        if name in self.services:
            self.draft.carried(field, f"a further deployment of service {self.services[name]['name']}")
            return self.services[name]
        named = {service["name"] for service in self.services.values()}
        made = fitting(name, named.__contains__, most=200, slashes=True)
        if made == name:
            self.draft.carried(field, f"service {made}")
        else:
            self.draft.changed(field, f"service {made}: a name has letters, digits and . _ : @ + / - only")
        self.services[name] = {"name": made, "deployments": []}
        self.draft.sections["services"].append(self.services[name])
        return self.services[name]

    def deploy(self, field: str, service: dict[str, Any], provider: str, model: str, params: Mapping[str, Any]) -> None:
        weight = number(params.get("weight"))
        deployment: dict[str, Any] = {"provider": provider, "model": model}
        if weight is not None and weight >= 0:
            # Whole numbers here; LiteLLM takes any.
            whole = round(weight) if weight == int(weight) else max(round(weight * 100), 1)
            deployment["weight"] = min(whole, 1_000_000)
            say = self.draft.carried if whole == weight else self.draft.changed
            say(f"{field}.litellm_params.weight", f"weight {whole}")
        if (order := number(params.get("order"))) is not None and order > 1:
            deployment["weight"] = 0
            self.draft.changed(f"{field}.litellm_params.order", "a stand-in (weight 0), tried when the others cannot")
        known = [one for one in service["deployments"] if one["provider"] == provider and one["model"] == model]
        if known:
            known[0]["weight"] = known[0].get("weight", 1) + deployment.get("weight", 1)
            self.draft.changed(field, f"the same place is there already: its weight is {known[0]['weight']} now")
        else:
            service["deployments"].append(deployment)

    def limit(self, name: str, limit: str, found: list[float | None]) -> None:
        given = [amount for amount in found if amount is not None and amount >= 1]
        if not given:
            return
        service = self.services[name]
        field = f"model_list.{shown(name)}.{limit}"
        if len(given) < len(found):
            self.draft.left(field, "a limit is a service's, and only some of its deployments have one")
            return
        total = int(sum(given))
        entry = {"requests": total, "per": "minute"} if limit == "rpm" else {"concurrency": total}
        service.setdefault("limits", []).append(entry)
        what = f"{total} requests per minute" if limit == "rpm" else f"{total} at a time"
        if len(given) == 1:
            self.draft.carried(field, f"limit of service {service['name']}: {what}")
        else:
            self.draft.changed(field, f"limit of service {service['name']}: {what}, the sum of its deployments")

    def price(self, field: str, provider: str, model: str, said: Mapping[str, Any]) -> None:
        costs = {part: number(said.get(name)) for part, name in _COSTS.items()}
        if all(cost is None for cost in costs.values()):
            return
        if costs["input"] is None or costs["output"] is None:
            self.draft.left(f"{field}.model_info", "a price needs input_cost_per_token and output_cost_per_token")
            return
        entry: dict[str, Any] = {"provider": provider, "model": model}
        if any(one["provider"] == provider and one["model"] == model for one in self.draft.sections["prices"]):
            return
        if any(cost is not None and not 0 <= cost <= 1 for cost in costs.values()):
            self.draft.left(f"{field}.model_info", "a cost per token is 0 to 1 dollars")
            return
        for part, cost in costs.items():
            if cost is not None:
                million = (Decimal(repr(cost)) * 1_000_000).quantize(Decimal("0.000001"))
                entry[part] = Number(f"{million.normalize():f}")
        self.draft.sections["prices"].append(entry)
        self.draft.carried(f"{field}.model_info", "a price in dollars per million tokens")

    def others(self, field: str, entry: Mapping[str, Any], params: Mapping[str, Any]) -> None:
        for name in params:
            if name not in _ADDRESSING | _OWN and name not in _COSTS.values():
                self.draft.left(f"{field}.litellm_params.{shown(name)}", PARAMS.get(name, DEFAULTS))
        for name in mapping(entry.get("model_info")):
            if name not in _COSTS.values():
                self.draft.left(f"{field}.model_info.{shown(name)}", CATALOGUE)
        for name in entry:
            if name not in ("model_name", "litellm_params", "model_info", *self.limits[words(entry["model_name"])]):
                self.draft.left(f"{field}.{shown(name)}", PARAMS.get(name, UNKNOWN))

    def settings(self) -> None:
        for section in ("litellm_settings", "router_settings"):
            for name, value in mapping(self.root.get(section)).items():
                self.setting(section, name, value)
        for name in mapping(self.root.get("environment_variables")):
            why = "values are not written down: set it where the instance runs, if it still needs it"
            self.draft.left(f"environment_variables.{shown(name)}", why)
        for name in self.root:
            if name not in _SECTIONS:
                self.draft.left(shown(name), UNKNOWN)

    def setting(self, section: str, name: str, value: Any) -> None:
        field = f"{section}.{shown(name)}"
        if name in ("fallbacks", "default_fallbacks"):
            self.fallbacks(field, name, value)
        elif name in ("model_group_alias", "model_alias_map"):
            self.aliases(field, value)
        elif name == "drop_params":
            self.dropping(field, value)
        elif (section, name) == ("litellm_settings", "request_timeout") and self.span is not None:
            self.draft.carried(field, "timeouts.total of every provider that has none of its own")
        else:
            self.draft.left(field, SETTINGS[section].get(name, UNKNOWN))

    def dropping(self, field: str, value: Any) -> None:
        if value is not True:
            self.draft.carried(field, "what a model cannot take is refused")
            return
        for service in self.services.values():
            service["drop_unsupported"] = True
        self.draft.carried(field, "drop_unsupported of every service")

    def fallbacks(self, field: str, name: str, value: Any) -> None:
        pairs: list[tuple[str, Any]] = []
        if name == "default_fallbacks":
            pairs = [(service, value) for service in self.services]
        for _, entry in entries(value):
            pairs += list(entry.items())
        for asked, others in pairs:
            for other in others if isinstance(others, list) else ():
                self.fallback(field, asked, words(other))

    def fallback(self, field: str, asked: str, other: str) -> None:
        service, behind = self.services.get(asked), self.services.get(other)
        if service is None or behind is None:
            self.draft.left(field, f"{shown(asked)} or {shown(other)} is not among the models that came across")
            return
        there = {(one["provider"], one["model"]) for one in service["deployments"]}
        new = [one for one in behind["deployments"] if (one["provider"], one["model"]) not in there]
        service["deployments"] += [{"provider": one["provider"], "model": one["model"], "weight": 0} for one in new]
        if asked != other:
            what = f"deployments of {behind['name']} stand in for those of {service['name']} (weight 0)"
            self.draft.changed(field, f"{what}; its limits do not come with them")

    def aliases(self, field: str, value: Any) -> None:
        taken = {service["name"] for service in self.services.values()}
        for alias, target in mapping(value).items():
            service = self.services.get(words(target) or words(mapping(target).get("model")))
            made = fitting(alias, taken.__contains__, most=200, slashes=True)
            if service is None or made != alias:
                why = "its model did not come across" if service is None else "it cannot be a name, or is one already"
                self.draft.left(f"{field}.{shown(alias)}", why)
                continue
            taken.add(made)
            service.setdefault("aliases", []).append(made)
            self.draft.carried(f"{field}.{shown(alias)}", f"alias of service {service['name']}")

    def consumers(self) -> None:
        general = mapping(self.root.get("general_settings"))
        for name in general:
            if name != "master_key":
                self.draft.left(f"general_settings.{shown(name)}", SETTINGS["general_settings"].get(name, UNKNOWN))
        if not self.services:
            return
        app: dict[str, Any] = {"name": APP}
        # One that is only a fallback's target has the same name for callers as before.
        app["subscriptions"] = sorted(service["name"] for service in self.services.values())
        app["keys"] = [self.key(secret_of(general.get("master_key")))]
        self.draft.sections["teams"].append({"name": TEAM, "apps": [app]})
        self.draft.left("keys", "virtual keys lie in LiteLLM's database: make keys with `torana keys create`")

    def key(self, given: Credential | None) -> dict[str, Any]:
        field = "general_settings.master_key"
        if given is None:
            return {"name": "first"}
        if given.literal and (len(given.literal) < _LEAST_KEY or not given.literal.isascii()):
            why = f"a key has at least {_LEAST_KEY} characters: a new one is made by the apply, and shown once"
            self.draft.left(field, why)
            return {"name": "first"}
        what = f"the master key of LiteLLM, as a key of app {TEAM}/{APP}"
        variable = given.variable if is_variable(given.variable) else ""
        named = self.draft.variables.take(variable or "LITELLM_MASTER_KEY", what)
        self.draft.changed(
            field, f"a key of app {TEAM}/{APP}, for calls only, in {named}: the admin API has tokens of its own"
        )
        return {"name": "master", "value": {"env": named}}
