"""/scim/v2 as an app of its own, because its errors and content type are SCIM's and its description is not OpenAPI.

Every route needs the permission `scim:write`.
"""

from fastapi import FastAPI

from torana.control.scim.endpoints import router as about
from torana.control.scim.errors import handle_errors
from torana.control.scim.group_endpoints import router as groups
from torana.control.scim.user_endpoints import router as users


def scim_routed() -> FastAPI:
    """The app, to be mounted at /scim/v2. Its routes work with `state.publisher` and `state.settings`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for router in (about, users, groups):
        app.include_router(router)
    handle_errors(app)
    return app
