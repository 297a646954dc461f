from collections.abc import Iterator

import pytest

from tests.support.api import Organisation, organisation
from tests.support.issuer import Issuer, running_issuer
from torana.control.publish.publish import Publisher


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    return await organisation(publisher)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as issuer:
        yield issuer
