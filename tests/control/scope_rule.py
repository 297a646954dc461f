"""The rule that no query goes around the tenant scope, which test_scope_rule.py holds src/torana/control to.

A query on a table whose rows have a team goes through `within` or another of `SCOPING`, or says itself whose rows it means (a
team, a person, or the hash of a secret), or stands in `KNOWN` under the reason why it may do without. What stands there without
need is refused as well.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from torana.stores.sql import audit_tables, call_tables, issuer_tables, lifecycle_tables, people_tables, tables
from torana.stores.sql.metadata import metadata

SOURCE = Path(__file__).parents[2] / "src" / "torana" / "control"
_VERBS = {"select", "update", "delete"}
SCOPING = {"within", "within_any", "seen_by", "_seen", "_filtered", "_offered", "_parts"}
"""What restricts a statement to a scope: `within`, and what is made of it where two sides see a row."""
WHOSE = {"team_id", "user_id", "digest"}

KNOWN: dict[str, frozenset[str]] = {
    "changes, or reads what belongs to, a thing that its caller has found within a scope": frozenset(
        {
            *("approvals.decisions_of", "approvals.move", "approvals.newest_of", "approvals.open_of"),
            *("apps.remove", "apps.rename", "apps.set_keep_bodies"),
            *("catalogue.designs", "catalogue.of_app"),
            "groups.remove_role",
            *("invitations.accept", "invitations.revoke"),
            *("issuers.change", "issuers.remove"),
            *("keys.change", "keys.name_in_use", "keys.revoke"),
            *("plans.change", "plans.find", "plans.of_services", "plans.paged", "plans.remove"),
            "plans.subscribers",
            *("policies.listed_limits", "policies.remove_limits", "policies.remove_price"),
            *("providers.by_ids", "providers.remove", "providers.replace", "providers.users_of"),
            *("releases.change", "releases.numbers", "releases.of_service", "releases.set_lifecycle"),
            "releases.subscribed_teams",
            *("roles.change", "roles.remove"),
            *("services.aliases_of", "services.by_id", "services.deployments_of", "services.forget_kept"),
            *("services.parts_of", "services.places_of", "services.remove", "services.replace"),
            *("services.set_aliases", "services.set_deployments"),
            *("sharing.by_id", "sharing.set_approval", "sharing.share", "sharing.shared_names"),
            "sharing.shared_with",
            *("subscriptions.change", "subscriptions.find", "subscriptions.names"),
            *("subscriptions.of_service", "subscriptions.remove", "subscriptions.set_review"),
            "tokens.revoke",
            *("webhooks.again", "webhooks.change", "webhooks.delivered", "webhooks.delivery"),
            "webhooks.remove",
        }
    ),
    "its caller looks at whose the rows are before it shows or does anything": frozenset(
        {
            "access.custom_roles",
            "approvals.by_id",
            "invitations.open_for",
            "releases.by_id",
            "roles.named",
        }
    ),
    "a part of a statement that each caller hands to `within`, or that is given the scope": frozenset(
        {
            "apps._named",
            "issuers._named",
            "keys._named",
            "subscriptions._parts",
        }
    ),
    "notes the use of the credential that came with the request": frozenset(
        {
            "access.token_used",
        }
    ),
    "the platform's own work, started by no request of a team: jobs, publishing, the audit chain": frozenset(
        {
            *("audit._raw_singly", "audit._untyped", "audit.count", "audit.hash_of", "audit.newest"),
            "issuers.listed",
            *("notices.claim", "notices.due", "notices.finish", "notices.forget", "notices.forget_mail"),
            *("notices.given_up_since", "notices.later"),
            "policies.listed_prices",
            "providers.listed",
            *("releases.due", "releases.served", "releases.services_of", "releases.watched"),
            "services.by_ids",
            "sharing.all_shared",
            "subscriptions.due",
            "webhooks.by_id",
        }
    ),
    "counts against a limit that the teams share, and is told to nobody": frozenset(
        {
            "issuers.count",
        }
    ),
    "needs a permission that only platform roles give": frozenset(
        {
            "export.beside",
            *("groups.mapped_names", "groups.remove_source", "groups.take_all"),
            *("plan.load", "plan.rows"),
        }
    ),
}
"""`folder.function`, by the reason."""


def owned() -> set[str]:
    """Names of the tables whose rows are a team's."""
    modules = (tables, people_tables, lifecycle_tables, issuer_tables, audit_tables, call_tables)
    assert all(modules)
    # Users are the platform's: the team of one says only who made a service account.
    return {table.name for table in metadata.tables.values() if "team_id" in table.c} - {"users"}


def queries(path: Path) -> Iterator[tuple[str, bool]]:
    """Functions with a query on such a table, and whether the team is looked at in them."""
    module = ast.parse(path.read_text())
    known = owned()
    # `_c = subscriptions.c`: what stands for a table, or its columns, counts as the table.
    for statement in module.body:
        if isinstance(statement, ast.Assign) and known & set(_names(statement.value)):
            known |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    for function in ast.walk(module):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        verbs = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in _VERBS]
        if not verbs or not known & set(_names(function)):
            continue
        scoped = any(isinstance(call.func, ast.Name) and call.func.id in SCOPING for call in calls)
        yield function.name, scoped or any(_says_whose(node) for node in ast.walk(function))


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def _says_whose(node: ast.AST) -> bool:
    """`table.c.team_id == …`, `.in_(…)` or `.is_not_distinct_from(…)`."""
    if isinstance(node, ast.Compare):
        sides = (node.left, *node.comparators)
        # Two columns are how tables are joined.
        return any(_is_whose(one) for one in sides) and not all(_is_column(one) for one in sides)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr in ("in_", "is_not_distinct_from") and _is_whose(node.func.value)


def _is_column(node: ast.expr) -> bool:
    """`table.c.name`, or `c.name` and `_c.name` where the columns have got a name."""
    if not isinstance(node, ast.Attribute):
        return False
    of = node.value
    return (isinstance(of, ast.Attribute) and of.attr == "c") or (isinstance(of, ast.Name) and of.id in ("c", "_c"))


def _is_whose(node: ast.expr) -> bool:
    return _is_column(node) and isinstance(node, ast.Attribute) and node.attr in WHOSE


def problems() -> list[str]:
    """What breaks the rule, a line each."""
    found: list[str] = []
    seen: set[str] = set()
    known = {name for names in KNOWN.values() for name in names}
    for path in sorted(SOURCE.glob("*/repository.py")):
        for function, scoped in queries(path):
            name = f"{path.parent.name}.{function}"
            seen.add(name)
            if not scoped and name not in known:
                found.append(
                    f"{name}: a query that looks at no team; hand its statement to `within`, or give a reason in KNOWN"
                )
            if scoped and name in known:
                found.append(f"{name}: looks at the team; take it out of KNOWN")
    found += [f"{name}: there is no such query; take it out of KNOWN" for name in sorted(known - seen)]
    return found


if __name__ == "__main__":
    sys.exit("\n".join(problems()) or None)
