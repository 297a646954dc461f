"""One vendor for the whole run; each module starts one instance of its own, but those of official SDKs share one."""

from collections.abc import Iterator

import pytest

from tests.support.instance import Instance, run_instance
from tests.support.simulated import process
from tests.support.vendor_process import Vendor, run_vendor


@pytest.fixture(scope="session")
def vendor() -> Iterator[Vendor]:
    with run_vendor() as running:
        yield running


@pytest.fixture(scope="session")
def simulated() -> Iterator[process.Simulated]:
    """Vendors of every dialect, as the SDKs' journeys call them."""
    with process.run_simulated() as running:
        yield running


@pytest.fixture(scope="session")
def door(simulated: process.Simulated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """An instance in front of the simulated vendors."""
    config, env = process.configuration(simulated), process.environment()
    with run_instance(tmp_path_factory.mktemp("door"), config, key=process.KEY, workers=1, env=env) as running:
        yield running
