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
_RECORDER_COUNTERS = (
    ("records_stored", "torana_records_stored", "Records stored in the database since the recorder's start."),
    ("bodies_stored", "torana_bodies_stored", "Bodies of calls kept since the recorder's start."),
    ("records_rejected", "torana_records_rejected", "Spool entries that could not be understood."),
    ("segments_damaged", "torana_segments_damaged", "Spool files whose rest could not be read."),
    ("records_unpriced", "torana_records_unpriced", "Records of calls whose price is not known."),
)
_RECORDER_GAUGES = (
    ("last_commit_us", "torana_last_commit_timestamp_seconds", "When records were last stored, since 1970.", 1e-6),
    ("spool_lag_bytes", "torana_spool_lag_bytes", "Spooled and not yet stored.", 1.0),
    (
        "spool_lag_seconds",
        "torana_spool_lag_seconds",
        "Since everything spooled was stored; 0 when nothing waits.",
        1.0,
    ),
    ("database_up", "torana_database_up", "Whether the recorder could last use the database.", 1.0),
)
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
    if not gate.refresher.up_to_date():
        reasons.append("the configuration file has not been applied yet")
    away = _away(gate, away_after_seconds)
    body = {
        "ready": not reasons,
        "reasons": reasons,
        "degraded": away,
        "snapshot_version": None if gate.view is None else gate.view.snapshot.version,
    }
    return msgspec.json.encode(body), not reasons


def _away(gate: "Gate", after_seconds: float) -> list[str]:
    """What is missing, without which calls go on."""
    folder = gate.metrics.folder
    now = time.time()

    def silent(facts: dict[str, Any]) -> bool:
        return bool(now - facts.get("written_us", 0) / 1e6 > after_seconds)

    supervisor, recorder = read_facts(folder / "supervisor.json"), read_facts(folder / "recorder.json")
    up = supervisor.get("up", {})
    found = []
    if silent(supervisor):
        found.append("the supervisor is away: dead processes are not replaced")
    if not up.get("control") or not (Path(gate.settings.data) / "run" / "control.sock").exists():
        found.append("control is away: configuration cannot be changed")
    if not up.get("recorder") or (recorder and silent(recorder)):
        found.append("the recorder is away: records wait in the spool")
    elif recorder.get("database_up") == 0:
        found.append("the database is away: records wait in the spool")
    if gate.refresher.problem:
        found.append(f"the newest snapshot was refused: {gate.refresher.problem}")
    return found


def _families(gate: "Gate") -> Iterable[Any]:
    # Written before it is shown: whatever then happens to this gate, its successor does not fall behind what was shown.
    gate.metrics.publish(gate, at_once=True)
    mine = gate.metrics.numbers
    own = f"gate-{gate.slot}.json"
    others = [read_numbers(file) for file in sorted(gate.metrics.folder.glob("gate-*.json")) if file.name != own]
    all_numbers = [mine, *(numbers for numbers in others if numbers is not None)]
    yield from _calls(all_numbers)
    yield from _states(gate, mine, all_numbers)
    yield from _processes(read_facts(gate.metrics.folder / "supervisor.json"))
    yield from _recording(read_facts(gate.metrics.folder / "recorder.json"))


def _calls(all_numbers: list[Numbers]) -> Iterable[Any]:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    calls = CounterMetricFamily(
        "torana_calls", "Calls ended, by service, status and error.", labels=["service", "status", "error"]
    )
    totals: dict[tuple[str, str], int] = {}
    for numbers in all_numbers:
        for service, outcomes in numbers.tallies.items():
            for outcome, tally in outcomes.items():
                totals[service, outcome] = totals.get((service, outcome), 0) + tally[0]
    for (service, outcome), count in sorted(totals.items()):
        status, _, error = outcome.partition(" ")
        calls.add_metric([service, status, error], count)
    yield calls
    for name, meaning, add in (
        (
            "torana_call_duration_seconds",
            "From the first byte of a request to the end of its reply.",
            Histogram.add_latency,
        ),
        (
            "torana_first_byte_seconds",
            "From the first byte of a request to the first body byte of its reply.",
            Histogram.add_first_byte,
        ),
    ):
        family = HistogramMetricFamily(name, meaning, labels=["service"])
        merged: dict[str, Histogram] = {}
        for numbers in all_numbers:
            for service, outcomes in numbers.tallies.items():
                for tally in outcomes.values():
                    add(merged.setdefault(service, Histogram()), tally)
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


def _processes(facts: dict[str, Any]) -> Iterable[Any]:
    """What the supervisor says."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    for field, made in (
        ("wanted", GaugeMetricFamily("torana_processes_wanted", "Processes that should be up.", labels=["process"])),
        ("up", GaugeMetricFamily("torana_processes_up", "Processes that are ready.", labels=["process"])),
        (
            "restarts",
            CounterMetricFamily(
                "torana_restarts",
                "Processes that ended unasked and were replaced, since the start.",
                labels=["process"],
            ),
        ),
    ):
        for process, number in sorted(facts.get(field, {}).items()):
            made.add_metric([process], float(number))
        yield made
    if "started_us" in facts:
        yield GaugeMetricFamily(
            "torana_start_time_seconds", "When this instance was started, since 1970.", facts["started_us"] / 1e6
        )


def _recording(facts: dict[str, Any]) -> Iterable[Any]:
    """What the recorder says."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    for field, name, meaning in _RECORDER_COUNTERS:
        if field in facts:
            yield CounterMetricFamily(name, meaning, float(facts[field]))
    for field, name, meaning, unit in _RECORDER_GAUGES:
        if field in facts:
            yield GaugeMetricFamily(name, meaning, float(facts[field]) * unit)
