"""A supervisor with scripted children for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.supervisor.instance import Instance


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    made = Instance(tmp_path)
    made.existing_data()
    yield made
    made.stop()
