"""What the tests of other modalities share."""

from collections.abc import Iterator

import pytest

from tests.support.media_vendor import MediaVendor, run_media_vendor


@pytest.fixture
def media() -> Iterator[MediaVendor]:
    with run_media_vendor() as vendor:
        yield vendor
