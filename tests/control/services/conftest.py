"""The publisher and the gate of these tests have one master key."""

import pytest

from tests.support.gate_here import MASTER
from torana.stores.secrets.master import MasterKey


@pytest.fixture
def master() -> MasterKey:
    return MASTER
