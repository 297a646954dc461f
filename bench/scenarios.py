"""What is measured: one function a scenario, with servers of its own, answering with figures and their details."""

import contextlib
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from bench.load import Plan
from bench.measure import median, pin, rss_bytes
from bench.processes import Server, UnavailableError
from bench.report import Detail, Figure, Findings, number
from bench.rounds import Entry, Round, alternate, loading, middle, one_round, ratio
from bench.torana import Declared, Torana, declare, prepare, torana

CONNECTIONS = (1, 64, 512)
OPEN_STREAMS = 5_000
MANY_KEYS, MANY_SERVICES, FEW = 100_000, 10_000, 10
MOST_CALLERS = 20_000
READY_STARTS = 5
IMAGE_BYTES = 750_080


class Bench(NamedTuple):
    """What every scenario works with."""

    folder: Path
    upstream: Server
    nginx: Server
    nginx_unbuffered: Server
    rounds: int
    share: float
    """Of the full number of calls, keys and streams: 1, or less for a quick look."""

    def count(self, full: int, least: int = 1) -> int:
        """So many calls, keys or streams as this run's share asks for."""
        return max(least, int(full * self.share))


@contextlib.contextmanager
def fresh(bench: Bench, name: str) -> Iterator[tuple[Torana, Declared]]:
    """An instance on new data with one key, one service and one gate."""
    declared = declare(bench.folder / f"{name}-config", bench.upstream.port)
    data = bench.folder / f"{name}-data"
    prepare(data, declared)
    with torana(data, declared) as instance:
        yield instance, declared


def _side_by_side(
    bench: Bench, name: str, mode: Literal["unary", "stream"], calls: dict[int, int]
) -> dict[int, list[list[Round]]]:
    """nginx's and Torana's rounds for each number of connections."""
    nginx = bench.nginx if mode == "unary" else bench.nginx_unbuffered
    results: dict[int, list[list[Round]]] = {}
    with fresh(bench, name) as (instance, declared):
        key, model = declared.callers[0]
        for connections, full in calls.items():
            entries = [
                Entry(server, _plan(bench, server, mode, connections, full, key, model))
                for server in (nginx, instance.server)
            ]
            results[connections] = alternate(entries, bench.rounds, bench.folder)
    return results


def _plan(
    bench: Bench, server: Server, mode: Literal["unary", "stream"], connections: int, full: int, key: str, model: str
) -> Plan:
    calls = bench.count(full, connections * 2)
    return Plan(
        port=server.port,
        mode=mode,
        connections=connections,
        calls=calls,
        warm_calls=max(connections, calls // 5),
        key=key,
        model=model,
    )


def _times(title: str, results: dict[int, list[list[Round]]]) -> Detail:
    rows: list[tuple[str, ...]] = []
    for connections, (theirs, mine) in results.items():
        for name, rounds in (("nginx", theirs), ("Torana", mine)):
            rows.append(
                (
                    str(connections),
                    name,
                    *(number(middle(rounds, field)) for field in ("workers_us", "tree_us", "p50_us", "p99_us")),
                    number(median(one.calls / one.seconds for one in rounds)),
                    " ".join(number(one.workers_us) for one in rounds),
                )
            )
    columns = ("connections", "", "workers µs", "tree µs", "p50 µs", "p99 µs", "calls/s", "workers µs in each round")
    return Detail(title, columns, rows)


def unary(bench: Bench) -> Findings:
    """CPU of a small JSON call."""
    results = _side_by_side(bench, "unary", "unary", {1: 6_000, 64: 15_000, 512: 15_000})
    figures: list[Figure] = []
    for connections, (theirs, mine) in results.items():
        figures.append(
            Figure(
                f"CPU of the gates per call ÷ nginx's, {connections} connections",
                2.2,
                ratio(mine, theirs, "workers_us"),
            )
        )
    for connections, (theirs, mine) in results.items():
        figures.append(
            Figure(
                f"CPU of the whole tree per call until stored ÷ nginx's, {connections} connections",
                3.2,
                ratio(mine, theirs, "tree_us"),
            )
        )
    return Findings(figures, [_times("Small JSON calls", results)])


def stream(bench: Bench) -> Findings:
    """CPU of a stream of 100 events."""
    results = _side_by_side(bench, "stream", "stream", {1: 400, 64: 1_500, 512: 2_048})
    figures = [
        Figure(
            f"CPU of the gates per 100-event stream ÷ nginx's, {connections} connections",
            1.0,
            ratio(mine, theirs, "workers_us"),
        )
        for connections, (theirs, mine) in results.items()
    ]
    return Findings(figures, [_times("Streams of 100 events (a call is a whole stream)", results)])


def latency(bench: Bench) -> Findings:
    """What a call at one connection takes longer than without a proxy."""
    with fresh(bench, "latency") as (instance, declared):
        key, model = declared.callers[0]
        servers = (bench.upstream, bench.nginx, instance.server)
        entries = [Entry(server, _plan(bench, server, "unary", 1, 5_000, key, model)) for server in servers]
        direct, theirs, mine = alternate(entries, bench.rounds, bench.folder)
    base = middle(direct, "p50_us")
    added_mine, added_theirs = middle(mine, "p50_us") - base, middle(theirs, "p50_us") - base
    figures = [
        Figure("latency added at one connection ÷ what nginx adds, p50", 2.5, added_mine / added_theirs),
        Figure("p99 of the whole call at one connection ÷ nginx's", 1.5, ratio(mine, theirs, "p99_us")),
    ]
    rows = [
        (
            name,
            number(middle(rounds, "p50_us")),
            number(middle(rounds, "p50_us") - base),
            number(middle(rounds, "p99_us")),
        )
        for name, rounds in (("direct", direct), ("nginx", theirs), ("Torana", mine))
    ]
    return Findings(figures, [Detail("Latency at one connection", ("", "p50 µs", "added µs", "p99 µs"), rows)])


def core(bench: Bench) -> Findings:
    """Calls per second of one worker that has one core for itself."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise UnavailableError("calls per second of one core needs a second core for everything else")
    with fresh(bench, "core") as (instance, declared):
        key, model = declared.callers[0]
        own, others = {cores[0]}, set(cores[1:])
        try:
            entries = []
            for server in (bench.nginx, instance.server):
                pin(set(server.tree) - set(server.workers), others)
                pin(server.workers, own)
                plan = _plan(bench, server, "unary", 64, 60_000, key, model)
                entries.append(Entry(server, plan, lambda load: pin([load, *bench.upstream.tree], others)))
            theirs, mine = alternate(entries, bench.rounds, bench.folder)
        finally:
            pin([*bench.nginx.tree, *bench.upstream.tree], set(cores))
    rate = median(one.calls / one.seconds for one in mine)
    busy = middle(mine, "busy")
    bound = (
        ""
        if busy > 0.95
        else f"the load, the upstream and the recorder share what is left; the gate was busy {busy:.0%}"
    )
    rows = [
        (
            name,
            number(median(one.calls / one.seconds for one in rounds)),
            f"{middle(rounds, 'busy'):.0%}",
            number(median(1e6 / one.workers_us for one in rounds)),
        )
        for name, rounds in (("nginx", theirs), ("Torana", mine))
    ]
    detail = Detail("One worker on one core, 64 connections", ("", "calls/s", "core busy", "calls/s of CPU time"), rows)
    return Findings(
        [Figure("governed, recorded calls/s on one core", 20_000, rate, at_least=True, note=bound)], [detail]
    )


def _callers_file(bench: Bench, name: str, declared: Declared) -> str:
    choose = random.Random(1)
    callers = choose.sample(declared.callers, min(len(declared.callers), MOST_CALLERS))
    path = bench.folder / f"{name}-callers.json"
    # Both instances get equally many distinct requests, so that the load itself treats both alike.
    path.write_bytes(msgspec.json.encode([callers[number % len(callers)] for number in range(MOST_CALLERS)]))
    return str(path)


def keys(bench: Bench) -> Findings:
    """CPU per call with very many keys and services, calls spread over them, against ten of each."""
    many, services = bench.count(MANY_KEYS, 100), bench.count(MANY_SERVICES, 10)
    entries: list[Entry] = []
    facts: list[tuple[str, ...]] = []
    with contextlib.ExitStack() as open_instances:
        for name, key_count, service_count in (("few", FEW, FEW), ("many", many, services)):
            declared = declare(bench.folder / f"{name}-config", bench.upstream.port, key_count, service_count)
            data = bench.folder / f"{name}-data"
            apply_seconds = prepare(data, declared)
            instance = open_instances.enter_context(torana(data, declared))
            plan = _plan(bench, instance.server, "unary", 64, 20_000, "", "")
            entries.append(
                Entry(instance.server, msgspec.structs.replace(plan, callers_file=_callers_file(bench, name, declared)))
            )
            facts.append(
                (
                    f"{key_count:,} keys, {service_count:,} services",
                    number(apply_seconds),
                    number(instance.ready_seconds),
                    number(_memory(instance) / 2**20),
                )
            )
        few_rounds, many_rounds = alternate(entries, bench.rounds, bench.folder)
    rows = [
        (*fact, number(middle(rounds, "workers_us")))
        for fact, rounds in zip(facts, (few_rounds, many_rounds), strict=True)
    ]
    figure = Figure(
        f"CPU per call with {many:,} keys and {services:,} services ÷ with {FEW}",
        1.1,
        ratio(many_rounds, few_rounds, "workers_us"),
    )
    return Findings([figure], [Detail("Many keys", ("", "apply s", "ready s", "gate MB", "gate µs per call"), rows)])


def _memory(instance: Torana) -> int:
    return max(rss_bytes(pid) for pid in instance.server.workers)


def memory(bench: Bench) -> Findings:
    """Resident memory of a gate: idle, and for each stream that is open through it."""
    streams = bench.count(OPEN_STREAMS, 200)
    with fresh(bench, "memory") as (instance, declared):
        time.sleep(1)
        idle = _memory(instance)
        key, model = declared.callers[0]
        plan = Plan(port=instance.server.port, mode="hold", connections=streams, key=key, model=model)
        with loading(plan, bench.folder) as load:
            load.outcome()
            time.sleep(3)
            full = _memory(instance)
            load.tell(b"")
        instance.server.settle(streams)
        after = _memory(instance)
    rows = [
        ("idle", number(idle / 2**20)),
        (f"{streams:,} open streams", number(full / 2**20)),
        ("afterwards", number(after / 2**20)),
    ]
    figures = [
        Figure("RSS of a gate, idle", 80, idle / 2**20, "MB"),
        Figure(f"RSS of a gate for each of {streams:,} open streams", 64, (full - idle) / streams / 1024, "KiB"),
    ]
    return Findings(figures, [Detail("Memory of a gate", ("", "MB"), rows)])


def ready(bench: Bench) -> Findings:
    """Time from the command to the first good answer of /readyz, on data that is already there."""
    declared = declare(bench.folder / "ready-config", bench.upstream.port)
    data = bench.folder / "ready-data"
    prepare(data, declared)
    with torana(data, declared) as first:
        key, model = declared.callers[0]
        one_round(first.server, _plan(bench, first.server, "unary", 8, 2_000, key, model), bench.folder)
    seconds: list[float] = []
    for _ in range(READY_STARTS):
        with torana(data, declared) as instance:
            seconds.append(instance.ready_seconds)
    rows = [(number(first.ready_seconds), " ".join(number(one) for one in seconds))]
    figure = Figure("ready after start, existing data", 1.5, median(seconds), "s")
    return Findings([figure], [Detail("Start", ("first start s", "later starts s"), rows)])


def translate(bench: Bench) -> Findings:
    """CPU of a call and of a stream whose caller speaks another dialect than the upstream, ÷ those that pass through."""
    figures: list[Figure] = []
    details: list[Detail] = []
    with fresh(bench, "translate") as (instance, declared):
        key, model = declared.callers[0]
        modes: list[tuple[Literal["unary", "stream"], int, float, str]] = [
            ("unary", 15_000, 1.6, "call"),
            ("stream", 1_500, 2.0, "stream of 100 events"),
        ]
        for mode, full, target, noun in modes:
            passed = _plan(bench, instance.server, mode, 64, full, key, model)
            entries = [
                Entry(instance.server, passed),
                Entry(instance.server, msgspec.structs.replace(passed, dialect="anthropic")),
            ]
            direct, translated = alternate(entries, bench.rounds, bench.folder)
            figures.append(
                Figure(f"CPU per translated {noun} ÷ passed-through", target, ratio(translated, direct, "workers_us"))
            )
            rows = [
                (name, number(middle(rounds, "workers_us")), " ".join(number(one.workers_us) for one in rounds))
                for name, rounds in (("passed through", direct), ("translated", translated))
            ]
            columns = ("", "gate µs", "gate µs in each round")
            details.append(Detail(f"Translated: Anthropic's callers, an OpenAI upstream, one {noun}", columns, rows))
    return Findings(figures, details)


def images(bench: Bench) -> Findings:
    """CPU of a chat call that carries an image of 750 KB, 1 MB in base64, passed through."""
    with fresh(bench, "images") as (instance, declared):
        key, model = declared.callers[0]
        entries = [
            Entry(
                server,
                msgspec.structs.replace(
                    _plan(bench, server, "unary", 16, 600, key, model), image_bytes=IMAGE_BYTES, warm_calls=64
                ),
            )
            for server in (bench.nginx, instance.server)
        ]
        theirs, mine = alternate(entries, bench.rounds, bench.folder)
    figure = Figure(
        "CPU of the gates per 1 MB chat body with an image ÷ nginx's", 3.0, ratio(mine, theirs, "workers_us")
    )
    return Findings([figure], [_times("Calls with an image of 1 MB in base64", {16: [theirs, mine]})])


SCENARIOS: dict[str, Callable[[Bench], Findings]] = {
    "unary": unary,
    "stream": stream,
    "latency": latency,
    "core": core,
    "keys": keys,
    "memory": memory,
    "ready": ready,
    "translate": translate,
    "images": images,
}


def unmeasured(reason: str, name: str) -> Findings:
    """What a scenario leaves behind that could not run."""
    return Findings([], [Detail(f"Not measured: {name}", ("why",), [(reason,)])], complete=False)


def names(only: Sequence[str]) -> list[str]:
    """The scenarios to run: all of them, or the ones asked for, in the order of the table."""
    return [name for name in SCENARIOS if not only or name in only]
