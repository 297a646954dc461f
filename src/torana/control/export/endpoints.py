"""GET /api/v1/export."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from torana.control.api.change import reply
from torana.control.api.guard import guard
from torana.control.api.shapes import PROBLEMS
from torana.control.export.compose import Keys
from torana.control.export.service import export
from torana.control.publish.publish import Publisher

router = APIRouter(tags=["declaration"], responses=PROBLEMS)


class Exported(BaseModel):
    """What there is, as a torana.yaml. It holds no secret."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "providers:\n  - {name: house, vendor: ollama, api_key: {env: HOUSE_API_KEY}}\n",
                    "variables": {"HOUSE_API_KEY": "the credential of provider house"},
                    "files": {},
                    "left_out": ["provider own of team payments: the file declares the platform's only"],
                }
            ]
        }
    )

    text: str
    variables: Annotated[
        dict[str, str], Field(description="Environment variables that it refers to, and what each is for.")
    ]
    files: Annotated[dict[str, str], Field(description="Files that it refers to, by name, with their content.")]
    left_out: Annotated[list[str], Field(description="What is there and not in the file, each with the reason.")]


@router.get("/export", response_model=Exported, **guard("declaration:write", platform=True))
async def export_declaration(
    request: Request,
    keys: Annotated[
        Keys,
        Query(
            description="`made`: keys are named without a value. `variables`: each refers to a variable with its value."
        ),
    ] = "made",
    elsewhere: Annotated[
        bool,
        Query(
            description="For an empty instance: services that are served by releases as the release in force has them."
        ),
    ] = False,
) -> Response:
    """Everything that torana.yaml can say of what there is, such that planning it here changes nothing."""
    publisher: Publisher = request.app.state.publisher
    found = await export(publisher.engine, keys, elsewhere=elsewhere)
    return reply(
        request,
        Exported(text=found.text, variables=found.variables, files=found.files, left_out=found.left_out),
    )
