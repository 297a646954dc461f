"""Limits as torana.yaml writes them: `{requests: N, per: minute}` or `{concurrency: N}`."""

from torana.control.declaration import words
from torana.control.declaration.document import Node
from torana.control.declaration.fields import MOST_AMOUNT, Fields
from torana.control.declaration.problems import Place, Problems
from torana.control.declaration.shape import LimitDeclared

PERIODS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
"""Names of periods, and the seconds of each."""


def limits_of(fields: Fields, problems: Problems, most_concurrency: int = MOST_AMOUNT) -> tuple[LimitDeclared, ...]:
    """The list `limits`: each kind and period at most once, ordered by them."""
    read: dict[tuple[str, int], LimitDeclared] = {}
    for node, place in fields.items("limits"):
        limit = _limit(node, place, problems, most_concurrency)
        if limit is None:
            continue
        if (limit.kind, limit.period_seconds) in read:
            problems.add(place, "there is already such a limit in this list")
        read[limit.kind, limit.period_seconds] = limit
    return tuple(read[key] for key in sorted(read))


def _limit(node: Node, place: Place, problems: Problems, most_concurrency: int) -> LimitDeclared | None:
    fields = Fields(node, place, problems, words.LIMIT)
    if not isinstance(node.value, dict):
        return None
    if ("requests" in fields) == ("concurrency" in fields):
        problems.add(place, "a limit is either {requests: N, per: minute} or {concurrency: N}")
        return None
    if "concurrency" in fields:
        if "per" in fields:
            fields.say("per", "belongs to requests, not to concurrency")
        amount = fields.whole("concurrency", 1, most_concurrency)
        return None if amount is None else LimitDeclared("concurrency", amount, 0)
    amount = fields.whole("requests", 1, MOST_AMOUNT)
    if "per" not in fields:
        fields.say("per", f"is missing; there is {', '.join(PERIODS)}")
    period = PERIODS[fields.choice("per", tuple(PERIODS), "minute")]
    return None if amount is None else LimitDeclared("requests", amount, period)
