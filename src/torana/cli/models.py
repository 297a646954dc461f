"""`torana models`: what is offered, and with `--catalogue` what vendors serve."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

from torana.catalog.models import CAPABILITIES, KINDS, CatalogModel, search
from torana.catalog.vendors import vendor_named
from torana.cli.instance import AsJson, Data, Target, Token, Url, ask_all
from torana.cli.keys import table

Catalogue = Annotated[
    bool,
    typer.Option(
        "--catalogue", help="What vendors serve, with limits, prices and dates, instead of what is offered here."
    ),
]
OfVendor = Annotated[
    str | None, typer.Option("--vendor", help="With --catalogue: only of this vendor.", show_default=False)
]
OfKind = Annotated[
    str | None, typer.Option("--kind", help=f"With --catalogue: {', '.join(KINDS)}.", show_default=False)
]
Capable = Annotated[
    str | None,
    typer.Option("--capability", help=f"With --catalogue: {', '.join(CAPABILITIES)}.", show_default=False),
]
Words = Annotated[
    str | None, typer.Option("--search", help="With --catalogue: words of the id or name.", show_default=False)
]
MinContext = Annotated[
    int | None,
    typer.Option("--min-context", min=1, help="With --catalogue: tokens of context at least.", show_default=False),
]
Ended = Annotated[bool, typer.Option("--all", help="With --catalogue: also what is not served any more.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("models", help="List the models that are offered, or the catalogue of what vendors serve.")(models)


def models(
    catalogue: Catalogue = False,
    vendor: OfVendor = None,
    kind: OfKind = None,
    capability: Capable = None,
    words: Words = None,
    min_context: MinContext = None,
    everything: Ended = False,
    data: Data = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List services of kind model, or models of the catalogue."""
    if not catalogue:
        if everything or any(value is not None for value in (vendor, kind, capability, words, min_context)):
            raise typer.BadParameter("filters are for the catalogue; add --catalogue")
        _offered(Target(data, url, token), as_json)
        return
    _known(kind, KINDS, "--kind")
    _known(capability, CAPABILITIES, "--capability")
    if vendor is not None and vendor_named(vendor) is None:
        raise typer.BadParameter(f"{vendor} is not a known vendor; see torana vendors", param_hint="--vendor")
    today = datetime.now(UTC).date().isoformat()
    found = search(
        vendor=vendor,
        kind=kind,
        capability=capability,
        text=words,
        min_context=min_context,
        current_on=None if everything else today,
    )
    if as_json:
        typer.echo(json.dumps([_whole(model) for model in found]))
        return
    for line in table([_HEAD, *(_row(model) for model in found)]):
        typer.echo(line)


def _offered(target: Target, as_json: bool) -> None:
    found = ask_all(target, "/services")
    if as_json:
        typer.echo(json.dumps(found))
        return
    owned = any(one["visibility"] == "team" for one in found)
    teams = {one["id"]: one["name"] for one in ask_all(target, "/teams")} if owned else {}
    rows = [("MODEL", "FOR", "ALSO CALLED", "SERVED BY")]
    for one in found:
        shown_to = f"team {teams.get(one['team_id'], one['team_id'])}" if one["visibility"] == "team" else "all teams"
        # A custom model may have no name at its provider account.
        served = ", ".join("/".join(filter(None, (part["provider"], part["model"]))) for part in one["deployments"])
        rows.append((one["name"], shown_to, ", ".join(one["aliases"]), served))
    for line in table(rows):
        typer.echo(line)


_HEAD = ("VENDOR/MODEL", "KIND", "CONTEXT", "OUTPUT", "$/M IN", "$/M OUT", "PRICED", "RELEASED", "ENDS", "CAN")


def _row(model: CatalogModel) -> tuple[str, ...]:
    return (
        f"{model.vendor}/{model.id}",
        model.kind,
        _tokens(model.context_window),
        _tokens(model.max_output),
        model.input_usd or "",
        model.output_usd or "",
        model.priced_on or "",
        model.released or "",
        model.deprecated_on or ("ended" if model.deprecated else ""),
        " ".join(model.capabilities),
    )


def _tokens(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


def _whole(model: CatalogModel) -> dict[str, Any]:
    return msgspec.structs.asdict(model)


def _known(value: str | None, known: Iterable[str], option: str) -> None:
    if value is not None and value not in known:
        raise typer.BadParameter(f"expected one of {', '.join(known)}", param_hint=option)
