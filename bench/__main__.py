"""`python -m bench [--peers] [--quick] [--only NAME]`: runs the scenarios and writes RESULTS.md."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import measure, nginx, report, rounds, scenarios
from bench.peers import peers
from bench.processes import BenchError, raise_file_limit, stop_on_sigterm, work_folder

RESULTS = Path(__file__).with_name("RESULTS.md")
FULL_ROUNDS, QUICK_ROUNDS, QUICK_SHARE = 9, 3, 0.1
BUSY_LOAD = 0.5


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="What Torana costs beside nginx's plain reverse proxy."
    )
    parser.add_argument("--peers", action="store_true", help="also measure the LiteLLM proxy and the Portkey gateway")
    parser.add_argument("--quick", action="store_true", help="a tenth of the load: shows that it works, proves nothing")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=list(scenarios.SCENARIOS),
        help="run only this scenario; may be repeated",
    )
    parser.add_argument(
        "--rounds", type=int, default=None, help=f"alternating rounds (default {FULL_ROUNDS}, quick {QUICK_ROUNDS})"
    )
    parser.add_argument(
        "--out", type=Path, default=None, help="where to write the results; a partial run writes nowhere by default"
    )
    return parser.parse_args(given)


def measured(bench: scenarios.Bench, name: str) -> report.Findings:
    """One scenario's findings; what could not be measured is said instead."""
    started = time.monotonic()
    print(f"{name} …", end=" ", flush=True)
    try:
        findings = scenarios.SCENARIOS[name](bench)
    except BenchError as reason:
        print(f"not measured: {reason}")
        return scenarios.unmeasured(str(reason), name)
    print(f"{time.monotonic() - started:.0f} s")
    return findings


def run(options: argparse.Namespace) -> tuple[str, bool]:
    """Run what was asked for; returns the report and whether every figure was reached."""
    count = options.rounds or (QUICK_ROUNDS if options.quick else FULL_ROUNDS)
    share = QUICK_SHARE if options.quick else 1.0
    files = raise_file_limit()
    machine = measure.machine(nginx.find_nginx())
    stolen = measure.stolen()
    if os.getloadavg()[0] > BUSY_LOAD:
        print("bench: this machine is busy with something else; expect figures that jump", file=sys.stderr)
    with (
        work_folder() as folder,
        rounds.upstream(folder) as upstream,
        nginx.nginx(folder, upstream.port, files) as (plain, unbuffered),
    ):
        bench = scenarios.Bench(folder, upstream, plain, unbuffered, count, share)
        findings = [measured(bench, name) for name in scenarios.names(options.only)]
        if options.peers:
            findings.append(peers(bench))
    machine["Taken by the host during the run"] = measure.stolen_share(stolen)
    kind = "A quick look that proves nothing: " if options.quick else ""
    how = f"{kind}{datetime.now(UTC):%Y-%m-%d}, medians of {count} alternating rounds."
    reached = all(one.complete and all(figure.reached for figure in one.figures) for one in findings)
    return report.render(findings, machine, how), reached


def main() -> int:
    """0 when every figure was reached, 1 when not, 2 when the run could not go on."""
    options = arguments()
    stop_on_sigterm()
    try:
        text, reached = run(options)
    except BenchError as error:
        print(f"\nbench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nbench: stopped; every server it started has ended", file=sys.stderr)
        return 130
    print(text)
    whole = not options.quick and not options.only
    if (out := options.out or (RESULTS if whole else None)) is not None:
        out.write_text(text + (report.kept(out.read_text(), governance=True) if out.exists() else ""))
        print(f"written to {out}")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
