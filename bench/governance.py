"""`python -m bench.governance [--quick]`: how fast the admin API is over a large organisation, and how soon a change holds."""

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.support.databases import running_postgres

from bench import admin_api, changes, measure, report, rounds
from bench.admin_api import Timed
from bench.changes import Changed, Node
from bench.measure import percentile
from bench.organisation import BIG, SMALL, Organisation, Size, fill
from bench.processes import BenchError, Server, raise_file_limit, stop_on_sigterm, work_folder
from bench.report import Detail, Figure, Findings, number
from bench.steady import Pace
from bench.torana import Declared, torana
from torana.settings import Settings

RESULTS = Path(__file__).with_name("RESULTS.md")
LIST_MS, EFFECTIVE_SECONDS, APART_SECONDS, DELAY_MS = 50.0, 1.0, 2.0, 20.0
SHOWN = 12
"""The slowest kinds of requests that are told one by one."""
REQUESTS, CHANGES, BIG_CHANGES, SWAPS = 100, 12, 3, 12
MOST_PACE, SWAP_PACE = 5_000.0, 400.0
CALLERS, LOAD_CALLERS = 20_000, 200


def api(name: str, settings: Settings, organisation: Organisation, requests: int) -> Findings:
    """Lists and reads on one database."""
    found = admin_api.timed(settings, organisation, requests)
    over = [one for one in found if one.p99_ms > LIST_MS]
    slowest = max(found, key=lambda one: one.p99_ms)
    note = f"{len(found)} kinds of requests, {len(over)} over; the slowest: {slowest.path} as {slowest.who}"
    figure = Figure(f"lists and reads on {name}, p99 of the slowest", LIST_MS, slowest.p99_ms, "ms", note=note)
    rows = [_row(one) for one in sorted(found, key=lambda one: -one.p99_ms)[:SHOWN]]
    middle = percentile([one.p50_ms for one in found], 50)
    title = f"The slowest lists and reads on {name} (the middle of all kinds: {number(middle)} ms)"
    return Findings([figure], [Detail(title, ("request", "page", "as", "rows", "p50 ms", "p99 ms"), rows)])


def _row(one: Timed) -> tuple[str, ...]:
    return one.path, one.page, one.who, str(one.rows), number(one.p50_ms), number(one.p99_ms)


def effective(title: str, made: Sequence[Changed], target: float | None, note: str) -> Findings:
    """What came of changes of every kind."""
    times = [one.effective for one in made]
    figures = []
    if target is not None:
        figures.append(Figure(f"{title}, p99", target, percentile(times, 99), "s", note=note))
    rows = []
    for kind in dict.fromkeys(one.kind for one in made):
        mine = [one for one in made if one.kind == kind]
        rows.append(
            (kind, str(len(mine)), *_times([one.replied for one in mine]), *_times([one.effective for one in mine]))
        )
    columns = ("change", "times", "reply p50 ms", "reply p99 ms", "served by all gates p50 ms", "p99 ms")
    return Findings(figures, [Detail(f"{title}: {note}", columns, rows)])


def _times(seconds: Sequence[float]) -> tuple[str, str]:
    return number(percentile(seconds, 50) * 1000), number(percentile(seconds, 99) * 1000)


@contextlib.contextmanager
def node(data: Path, organisation: Organisation, workers: int) -> Iterator[tuple[Node, Server]]:
    """A running instance on this data."""
    with torana(data, Declared(data.parent / "none", [], {}), workers) as instance:
        reached = Node(instance.server.port, workers, organisation)
        try:
            yield reached, instance.server
        finally:
            reached.close()


def callers(folder: Path, organisation: Organisation, most: int) -> str:
    """A file of the first apps' keys, each with a service that it may call."""
    path = folder / f"callers-{most}.json"
    pairs = zip(organisation.keys, organisation.granted, strict=True)
    path.write_text(json.dumps([[key[1], f"service-{service}"] for key, service in list(pairs)[:most]]))
    return str(path)


def small(folder: Path, upstream: Server, count: int, pace: float) -> list[Findings]:
    """Changes at 100 services while two gates are called all the time, and then a control that dies at the wrong moment."""
    data = folder / "small"
    organisation = fill(Settings(data=str(data)), SMALL, upstream.port)
    with node(data, organisation, 2) as (reached, server):
        asked = Pace(
            port=server.port,
            per_second=pace,
            connections=64,
            callers_file=callers(folder, organisation, LOAD_CALLERS),
            warm=LOAD_CALLERS,
        )
        with changes.steady(asked, folder) as load:
            made = list(changes.each_kind(reached, count))
            under = load.stop()
        apart = changes.crash(reached, data, server.tree, len(organisation.apps) // 2)
    note = f"{under.calls / under.seconds:,.0f} calls/s meanwhile of {pace:,.0f} asked for, no error"
    found = effective("a change served by every gate, 100 services", made, EFFECTIVE_SECONDS, note)
    figure = Figure(
        "gates behind the database after control died between commit and announcement", APART_SECONDS, apart, "s"
    )
    return [found, Findings([figure], [])]


def large(folder: Path, data: Path, organisation: Organisation, count: int) -> list[Findings]:
    """A publication of everything, changes, and swaps under calls, of the whole organisation."""
    published = changes.publish_all(data)
    row = (number(published.seconds), number(published.memory_mb), number(published.file_mb))
    whole = Detail("Publishing everything", ("s", "most memory MB", "snapshot MB"), [row])
    with node(data, organisation, 2) as (reached, _):
        made = list(changes.each_kind(reached, count))
    with node(data, organisation, 1) as (reached, server):
        delay = swapped(folder, organisation, reached, server.port)
    return [Findings([], [whole]), effective("A change at full size", made, None, "without load"), delay]


def swapped(folder: Path, organisation: Organisation, reached: Node, port: int) -> Findings:
    """Calls of one gate while snapshots are swapped, and while nothing is."""
    most = min(CALLERS, len(organisation.keys) // 2)
    asked = Pace(
        port=port,
        per_second=SWAP_PACE,
        connections=32,
        callers_file=callers(folder, organisation, most),
        warm=most,
        slow_us=0,
    )
    with changes.steady(asked, folder) as load:
        spans = list(changes.swaps(reached, SWAPS))
        under = load.stop()
    # The swap is the end of a span: a gate looks for a new snapshot four times a second.
    near = [took for due, took in under.slow if any(end - 300_000_000 < due < end + 50_000_000 for _, end in spans)]
    far = [took for due, took in under.slow if not any(start < due < end + 50_000_000 for start, end in spans)]
    rows = [
        (name, str(len(took)), *_micro(took)) for name, took in (("while swapping", near), ("otherwise", far)) if took
    ]
    note = f"{SWAPS} swaps, {SWAP_PACE:,.0f} calls/s of {most:,} keys to one gate; the longest without a swap is in the details"
    figure = Figure(
        "longest call while a snapshot is swapped", DELAY_MS, max(near, default=0.0) / 1000, "ms", note=note
    )
    return Findings(
        [figure], [Detail("Calls while a snapshot is swapped", ("", "calls", "p50 ms", "p99 ms", "longest ms"), rows)]
    )


def _micro(took: Sequence[float]) -> tuple[str, str, str]:
    return number(percentile(took, 50) / 1000), number(percentile(took, 99) / 1000), number(max(took) / 1000)


def run(size: Size, share: float, pace: float) -> list[Findings]:
    """Everything that is measured."""
    requests = max(10, int(REQUESTS * share))
    found: list[Findings] = []
    with work_folder() as folder, rounds.upstream(folder) as upstream:

        def said(name: str, work: Callable[[], Findings | list[Findings]]) -> None:
            print(f"{name} …", flush=True)
            done = work()
            all_of_it = done if isinstance(done, list) else [done]
            # The whole takes a while: what has been found is not lost with what comes after.
            for figure in (figure for one in all_of_it for figure in one.figures):
                measured = "not measured" if figure.measured is None else f"{number(figure.measured)} {figure.unit}"
                print(f"  {figure.name}: {measured}", flush=True)
            found.extend(all_of_it)

        said("changes under load", lambda: small(folder, upstream, max(2, int(CHANGES * share)), pace))
        settings = Settings(data=str(folder / "large"))
        organisation = fill(settings, size, upstream.port)
        said("SQLite", lambda: api("SQLite", settings, organisation, requests))
        said("full size", lambda: large(folder, folder / "large", organisation, max(1, int(BIG_CHANGES * share))))
        with running_postgres() as url:
            server = Settings(data=str(folder / "postgresql"), database=url)
            organisation_there = fill(server, size, upstream.port)
            said("PostgreSQL", lambda: api("PostgreSQL", server, organisation_there, requests))
    return found


def main() -> int:
    """0 when every figure was reached, 1 when not, 2 when the run could not go on."""
    parser = argparse.ArgumentParser(prog="python -m bench.governance", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a small organisation: shows that it works, proves nothing"
    )
    parser.add_argument(
        "--pace", type=float, default=MOST_PACE, help=f"calls/s under changes (default {MOST_PACE:,.0f})"
    )
    options = parser.parse_args()
    stop_on_sigterm()
    raise_file_limit()
    machine = measure.machine(None)
    stolen = measure.stolen()
    size = SMALL if options.quick else BIG
    try:
        findings = run(size, 0.1 if options.quick else 1.0, options.pace)
    except BenchError as error:
        print(f"\nbench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nbench: stopped; every server it started has ended", file=sys.stderr)
        return 130
    machine["Taken by the host during the run"] = measure.stolen_share(stolen)
    del machine["nginx"]
    subscriptions = size.apps * size.subscriptions_each
    how = (
        f"{datetime.now(UTC):%Y-%m-%d}, {size.services:,} services, {size.apps:,} apps with a key each and "
        f"{subscriptions:,} subscriptions. Times are by the clock, so another machine has others."
    )
    text = report.render_governance(findings, machine, how)
    print(text)
    if not options.quick:
        RESULTS.write_text(report.kept(RESULTS.read_text(), governance=False) + text)
        print(f"written to {RESULTS}")
    return 0 if all(figure.reached for one in findings for figure in one.figures) else 1


if __name__ == "__main__":
    sys.exit(main())
