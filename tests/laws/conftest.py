"""One vendor for all laws."""

from collections.abc import Iterator

import pytest

from tests.support.vendor_process import Vendor, run_vendor


@pytest.fixture(scope="session")
def vendor() -> Iterator[Vendor]:
    with run_vendor() as running:
        yield running
