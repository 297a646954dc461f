"""docs/guide/metrics.md is complete: every family that an instance shows is described, with its labels, and nothing else is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.instance import Instance, run_instance
from tests.support.polling import eventually
from tests.support.vendor_process import ROOT


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with run_instance(tmp_path_factory.mktemp("metrics"), workers=1) as running:
        shown = (running.folder / "stdout").read_text()
        running.key = shown.partition("Authorization: Bearer ")[2].partition("'")[0]
        yield running


def _documented() -> dict[str, tuple[str, frozenset[str]]]:
    rows = re.findall(
        r"^\| `(torana_\w+)` \| (\w+) \| ([^|]*)\|", Path(ROOT / "docs/guide/metrics.md").read_text(), re.MULTILINE
    )
    return {name: (kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def _shown(instance: Instance) -> dict[str, tuple[str, frozenset[str]]]:
    found = {}
    for family in text_string_to_metric_families(instance.request("GET", "/metrics", key="").body.decode()):
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        found[name] = (family.type, frozenset(labels))
    return found


def test_every_family_is_documented_and_every_documented_family_is_shown(instance: Instance) -> None:
    assert instance.chat("demo/chat").status == 200
    assert instance.request("GET", "/v1/nothing").status == 404
    documented = _documented()
    assert len(documented) > 20
    shown = eventually(lambda: (found := _shown(instance)).keys() >= documented.keys() and found, "all families", 30)
    assert shown == documented
