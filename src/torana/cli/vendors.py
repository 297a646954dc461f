"""`torana vendors`: whose models can be called, and what each needs."""

import json
from typing import Annotated, Any

import typer

from torana.catalog.models import search
from torana.catalog.vendors import QUIRKS, VENDORS, Vendor, vendor_named
from torana.cli import vendor_probe
from torana.cli.app import fail
from torana.cli.instance import AsJson
from torana.cli.keys import table

vendors = typer.Typer(
    name="vendors", help="Vendors: where they are, what they speak, what they need.", invoke_without_command=True
)

Name = Annotated[str, typer.Argument(help="Its id, or a usual other spelling of it.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(vendors)


vendors.command("test", help="Send one cheap call to a provider account or vendor and say precisely what is wrong.")(
    vendor_probe.examine
)


@vendors.callback()
def either(context: typer.Context, as_json: AsJson = False) -> None:
    """List vendors where no other command is named."""
    if context.invoked_subcommand is None:
        list_vendors(as_json)


@vendors.command("list", help="List vendors.")
def list_vendors(as_json: AsJson = False) -> None:
    """List vendors, by id."""
    found = [VENDORS[name] for name in sorted(VENDORS)]
    if as_json:
        typer.echo(json.dumps([whole(vendor) for vendor in found]))
        return
    rows = [("VENDOR", "NAME", "SPEAKS", "CREDENTIAL", "VARIABLE", "ADDRESS")]
    for vendor in found:
        spoken = " ".join(name for name in (vendor.dialect, *vendor.also) if name)
        rows.append((vendor.id, vendor.name, spoken, vendor.auth, vendor.env, vendor.base_url))
    for line in table(rows):
        typer.echo(line)


@vendors.command("show", help="Show one vendor, with what it does differently.")
def show(name: Name, as_json: AsJson = False) -> None:
    """Show one vendor."""
    vendor = vendor_named(name)
    if vendor is None:
        raise fail(f"{name} is not a known vendor. `torana vendors` lists them.")
    facts = whole(vendor)
    if as_json:
        typer.echo(json.dumps(facts))
        return
    for label, text in _lines(vendor, facts):
        typer.echo(f"{label + ':':<13} {text}".rstrip())


def whole(vendor: Vendor) -> dict[str, Any]:
    """Everything about a vendor, as JSON has it."""
    return {
        "id": vendor.id,
        "name": vendor.name,
        "base_url": vendor.base_url,
        "auth": vendor.auth,
        "dialect": vendor.dialect,
        "also": dict(vendor.also),
        "headers": dict(vendor.headers),
        "env": vendor.env,
        "more_env": list(vendor.more_env),
        "docs": vendor.docs,
        "self_hosted": vendor.self_hosted,
        "capabilities": sorted(vendor.capabilities),
        "quirks": {
            name: {"meaning": QUIRKS[name].meaning, **QUIRKS[name].vendors[vendor.id]._asdict()}
            for name in sorted(vendor.quirks)
        },
        "models": len(search(vendor=vendor.id)),
    }


def _lines(vendor: Vendor, facts: dict[str, Any]) -> list[tuple[str, str]]:
    lines = [
        ("vendor", f"{vendor.id} ({vendor.name})"),
        ("address", vendor.base_url or "given by you, in base_url"),
        ("speaks", vendor.dialect or "none of the dialects; call it as a custom service"),
        *(("also speaks", f"{dialect} at {url}") for dialect, url in vendor.also.items()),
        ("credential", vendor.auth),
        ("variables", ", ".join(name for name in (vendor.env, *vendor.more_env) if name) or "none"),
        *(("header", f"{name}: {value}") for name, value in vendor.headers.items()),
        ("offers", ", ".join(facts["capabilities"])),
        ("catalogue", f"{facts['models']} models"),
        ("page", vendor.docs),
    ]
    for name, quirk in facts["quirks"].items():
        lines.append(("differs", f"{name}: {quirk['meaning']} Noted {quirk['on']}: {quirk['link']}"))
    return lines
