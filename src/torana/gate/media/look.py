"""What a request says of itself: the model where its body names one, else the service it goes to."""

from typing import TYPE_CHECKING

from torana.dialects.body import Peek
from torana.dialects.openai_media.look import characters
from torana.gate.media.choose import choose

if TYPE_CHECKING:
    from torana.gate.call import Call


async def look(call: "Call") -> Peek:
    """Look into the body as far as governing needs it. Raises Refusal."""
    path, request = call.path, call.request
    assert path is not None
    if path.form == "account":
        return Peek({}, model=choose(call))
    seen = path.dialect.peek(request.body)
    if seen.model is None and path.capability == "moderations":
        # OpenAI's SDK leaves it out: the vendor has a default. Here it is the service's model.
        seen.model = choose(call)
    if path.capability == "speech":
        call.units, call.unit_count = "characters", characters(seen)
    return seen
