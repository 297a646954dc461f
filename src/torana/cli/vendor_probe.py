"""`torana vendors test`: one cheap call, and precisely what is wrong."""

import json
import os
from time import monotonic
from typing import Annotated, Any

import typer

from torana.catalog.vendors import Vendor, vendor_named
from torana.cli.app import fail
from torana.cli.instance import AsJson, Data
from torana.settings import SettingError, Settings, load

Name = Annotated[
    str, typer.Argument(help="A provider account's name or id, or a vendor whose environment variable is set.")
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model", help="The model to ask; else one that is offered, else the list of models.", show_default=False
    ),
]
Base = Annotated[
    str | None, typer.Option("--base-url", help="With a vendor: another address than its own.", show_default=False)
]
Database = Annotated[
    str | None, typer.Option("--database", help="postgresql://… when it is not SQLite.", show_default=False)
]
_IN_A_HEADER = frozenset({"bearer", "x-api-key", "api-key", "x-goog-api-key", "none"})


def examine(
    name: Name,
    model: Model = None,
    base_url: Base = None,
    data: Data = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Call a provider account as a gate would, and say what came of it."""
    # SQL and the gate's client are needed by this command of `vendors` alone.
    from torana.core.errors import Refusal
    from torana.stores.secrets.master import MasterKeyError
    from torana.supervisor.handover import CannotStart

    begun = monotonic()
    try:
        report = _report(name, model, base_url, load({"data": data, "database": database}), begun)
    except (Refusal, CannotStart, SettingError, MasterKeyError) as error:
        raise fail(error) from None
    except (OSError, ValueError) as error:
        raise fail(str(error)) from None
    status = report.pop("exit_status")
    if as_json:
        typer.echo(json.dumps(report))
    else:
        _show(report)
    if status:
        raise typer.Exit(status)


def _report(name: str, model: str | None, base_url: str | None, settings: Settings, begun: float) -> dict[str, Any]:
    from torana.cli.probing import probe_provider, probe_vendor
    from torana.gate.probe import CAUSES

    probed = None if base_url is not None else probe_provider(settings, name, model)
    where = "provider"
    if probed is None:
        where, vendor = "vendor", vendor_named(name)
        if vendor is None:
            raise fail(
                f"{name} is neither a provider account of this instance nor a vendor. `torana vendors` lists vendors."
            )
        probed = probe_vendor(settings, vendor, _credential(vendor), base_url, model)
    account, finding = probed.account, probed.finding
    return {
        where: account.name,
        "vendor": account.vendor,
        "base_url": account.doors[0].base_url if account.doors else account.base_url,
        "dialect": account.doors[0].dialect if account.doors else "openai_chat",
        "proxy": account.proxy is not None or bool(settings.upstream_proxy),
        "model": probed.model,
        "ok": finding.cause is None,
        "cause": finding.cause,
        "says": finding.says,
        "vendor_says": finding.words,
        "advice": None if finding.cause is None else CAUSES[finding.cause].advice,
        "status": finding.status,
        "request_id": finding.request_id,
        "milliseconds": round((monotonic() - begun) * 1000),
        "exit_status": finding.exit_status,
    }


def _credential(vendor: Vendor) -> Any:
    """The vendor's credential as it stands in the environment; None where it needs none. Ends the command without one."""
    from torana.core.secret import Secret

    names = [name for name in (vendor.env, *vendor.more_env) if name]
    if vendor.auth not in _IN_A_HEADER:
        raise fail(f"the credential of {vendor.id} has several parts: test a provider account of torana.yaml.")
    for variable in names:
        text = os.environ.get(variable, "").strip()
        if text:
            if not text.isascii() or not text.isprintable() or " " in text:
                raise fail(f"{variable} has other than visible ASCII characters.")
            return Secret(text)
    if vendor.auth == "none" or vendor.self_hosted:
        return None
    raise fail(
        f"there is no provider account {vendor.id} in this instance, and {' or '.join(names) or 'a credential'} is not set."
    )


def _show(report: dict[str, Any]) -> None:
    verdict = "ok" if report["ok"] else f"WRONG  {report['cause']}"
    name = report.get("provider") or report.get("vendor")
    by = ", by proxy" if report["proxy"] else ""
    asked = report["model"] or "the list of models"
    typer.echo(f"{verdict}: {report['says']}")
    if report["vendor_says"]:
        typer.echo(f"  it says:  {report['vendor_says']}")
    if report["advice"]:
        typer.echo(f"  to do:    {report['advice']}")
    typer.echo(f"  called:   {name} at {report['base_url'] or 'the gate itself'}{by}, {report['dialect']}, for {asked}")
    answer = f"status {report['status']}" if report["status"] else "no reply"
    request = f", request {report['request_id']}" if report["request_id"] else ""
    typer.echo(f"  answered: {answer} after {report['milliseconds']} ms{request}")
