"""No query goes around the tenant scope, and the rule that says so sees one that does."""

from pathlib import Path

import pytest

from tests.control.scope_rule import problems, queries

HEAD = """
from sqlalchemy import select, update
from torana.stores.sql.tables import apps, users
_c = apps.c
"""
SEEN = {
    "async def f(app_id): return select(apps.c.name).where(apps.c.id == app_id)": [("f", False)],
    "async def f(app_id): return select(_c.name).where(_c.id == app_id)": [("f", False)],
    "async def f(app_id): return update(apps).where(apps.c.id == app_id).values(name='x')": [("f", False)],
    "async def f(): return select(apps.c.id).join(teams, teams.c.id == apps.c.team_id)": [("f", False)],
    "async def f(scope): return within(select(apps.c.id), apps, scope)": [("f", True)],
    "async def f(team_id): return select(apps.c.id).where(apps.c.team_id == team_id)": [("f", True)],
    "async def f(ids): return select(_c.id).where(_c.team_id.in_(ids))": [("f", True)],
    "async def f(user_id): return select(users.c.id).where(users.c.id == user_id)": [],
    "async def f(app): return insert(apps).values(app)": [],
}


def test_every_query_is_within_a_scope_or_known_with_its_reason() -> None:
    assert problems() == []


@pytest.mark.parametrize("source", SEEN)
def test_a_query_that_looks_at_no_team_is_seen(source: str, tmp_path: Path) -> None:
    file = tmp_path / "repository.py"
    file.write_text(HEAD + source)
    assert list(queries(file)) == SEEN[source]
