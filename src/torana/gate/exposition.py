"""`/metrics` and `/readyz`: this gate's numbers and those the other processes have left in their files, added up.

prometheus_client writes the text form; it is imported when somebody first asks, because no call needs it.
"""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from torana.gate.metrics import BOUNDS_SECONDS, Histogram, Numbers, read_facts, read_numbers

if TYPE_CHECKING:
    from torana.gate.worker import Gate

_STALE_SECONDS = 5.0
_BOUNDS = (*(str(bound) for bound in BOUNDS_SECONDS), "+Inf")


def prometheus(gate: "Gate") -> bytes:
    """All figures of this node in Prometheus's text form. Labels come from our own tables and names, never from a request."""
    from prometheus_client import CollectorRegistry, generate_latest

    class _Collector:
        def collect(self) -> Iterable[Any]:
            return _families(gate)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector())
    return generate_latest(registry)


def readiness(gate: "Gate", away_after_seconds: float) -> tuple[bytes, bool]:
    """The body of `/readyz` and whether calls are served. What is away is named even while calls go on without it (law 9)."""
    reasons = []
    if gate.view is None:
        reasons.append("no snapshot has been published yet")
    if gate.spool.full:
        reasons.append("there is no room left to record calls")
    if gate.listener.draining:
        reasons.append("this gate is stopping")
    folder = gate.metrics.folder
    now = time.time()
    away = [
        f"the {name} is away: {meaning}"
        for name, meaning in (
            ("recorder", "records wait in the spool"),
            ("supervisor", "dead processes are not replaced"),
        )
        if now - read_facts(folder / f"{name}.json").get("written_us", 0) / 1e6 > away_after_seconds
    ]
    if not (Path(gate.settings.data) / "run" / "control.sock").exists():
        away.append("control is away: configuration cannot be changed")
    if gate.refresher.problem:
        away.append(f"the newest snapshot was refused: {gate.refresher.problem}")
    body = {
        "ready": not reasons,
        "reasons": reasons,
        "degraded": away,
        "snapshot_version": None if gate.view is None else gate.view.snapshot.version,
    }
    return msgspec.json.encode(body), not reasons


def _families(gate: "Gate") -> Iterable[Any]:
    gate.metrics.read_gauges(gate)
    mine = gate.metrics.numbers
    own = f"gate-{gate.slot}.json"
    others = [read_numbers(file) for file in sorted(gate.metrics.folder.glob("gate-*.json")) if file.name != own]
    all_numbers = [mine, *(numbers for numbers in others if numbers is not None)]
    yield from _calls(all_numbers)
    yield from _states(gate, mine, all_numbers)
    yield from _others(read_facts(gate.metrics.folder / "supervisor.json"), "torana_supervisor")
    yield from _others(read_facts(gate.metrics.folder / "recorder.json"), "torana_recorder")


def _calls(all_numbers: list[Numbers]) -> Iterable[Any]:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    calls = CounterMetricFamily(
        "torana_calls", "Calls ended, by service, status and error.", labels=["service", "status", "error"]
    )
    totals: dict[tuple[str, str], int] = {}
    for numbers in all_numbers:
        for service, outcomes in numbers.calls.items():
            for outcome, count in outcomes.items():
                totals[service, outcome] = totals.get((service, outcome), 0) + count
    for (service, outcome), count in sorted(totals.items()):
        status, _, error = outcome.partition(" ")
        calls.add_metric([service, status, error], count)
    yield calls
    for name, meaning, picked in (
        ("torana_call_duration_seconds", "From the first byte of a request to the end of its reply.", "latency"),
        (
            "torana_first_byte_seconds",
            "From the first byte of a request to the first body byte of its reply.",
            "first_byte",
        ),
    ):
        family = HistogramMetricFamily(name, meaning, labels=["service"])
        merged: dict[str, Histogram] = {}
        for numbers in all_numbers:
            for service, histogram in getattr(numbers, picked).items():
                merged.setdefault(service, Histogram()).add(histogram)
        for service, histogram in sorted(merged.items()):
            family.add_metric(
                [service], list(zip(_BOUNDS, histogram.cumulative(), strict=True)), histogram.sum_us / 1e6
            )
        yield family


def _states(gate: "Gate", mine: Numbers, all_numbers: list[Numbers]) -> Iterable[Any]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    now_us = time.time() * 1e6
    living = [numbers for numbers in all_numbers if now_us - numbers.written_us < _STALE_SECONDS * 1e6]
    yield GaugeMetricFamily("torana_calls_in_flight", "Calls running now.", sum(n.in_flight for n in living))
    yield GaugeMetricFamily("torana_connections", "Open connections of callers.", sum(n.connections for n in living))
    yield GaugeMetricFamily("torana_gates", "Gates that are alive.", len(living))
    yield CounterMetricFamily(
        "torana_unrecorded_calls",
        "Calls refused without a record, for want of room.",
        sum(n.unrecorded for n in all_numbers),
    )
    yield GaugeMetricFamily(
        "torana_spool_full", "Gates that refuse calls for want of room.", sum(n.spool_full for n in living)
    )
    if gate.view is not None:
        age = max(0.0, (now_us - gate.view.snapshot.compiled_us) / 1e6)
        yield GaugeMetricFamily("torana_snapshot_version", "Version of the snapshot in use.", mine.snapshot_version)
        yield GaugeMetricFamily("torana_snapshot_age_seconds", "Since the snapshot in use was compiled.", age)


def _others(facts: dict[str, Any], prefix: str) -> Iterable[Any]:
    from prometheus_client.core import GaugeMetricFamily

    for name, value in sorted(facts.items()):
        if isinstance(value, bool | int | float):
            yield GaugeMetricFamily(f"{prefix}_{name}", f"{name.replace('_', ' ').capitalize()}.", float(value))
        elif isinstance(value, dict):
            family = GaugeMetricFamily(
                f"{prefix}_{name}", f"{name.replace('_', ' ').capitalize()}.", labels=["process"]
            )
            for process, number in sorted(value.items()):
                if isinstance(number, bool | int | float):
                    family.add_metric([str(process)], float(number))
            yield family
