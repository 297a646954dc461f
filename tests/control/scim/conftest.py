import pytest

from tests.control.scim.client import ScimClient, scim
from tests.support.api import Organisation, organisation
from torana.control.publish.publish import Publisher


@pytest.fixture
async def on(publisher: Publisher) -> Organisation:
    return await organisation(publisher)


@pytest.fixture
async def client(on: Organisation) -> ScimClient:
    return await scim(on)
