"""What a request says of itself: the model where its body names one, else the service it goes to."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torana.core.errors import Refusal
from torana.dialects.body import Peek
from torana.dialects.openai_media.look import characters
from torana.dialects.openai_media.multipart import FormReader, boundary_of
from torana.gate.media.carry import Carrier
from torana.gate.media.choose import choose
from torana.kit.drive import pause

if TYPE_CHECKING:
    from torana.gate.call import Call


def is_form(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the body is a multipart form."""
    return headers.get(b"content-type", b"")[:10].lower() == b"multipart/"


async def look(call: "Call") -> Peek:
    """Look into the body as far as governing needs it. Raises Refusal."""
    path, request = call.path, call.request
    assert path is not None
    if path.form == "account":
        if request.upload is not None:
            call.carrier = Carrier(call, request.upload, None, 0)
            request.upload.start(call.carrier)
        return Peek({}, model=choose(call))
    if is_form(request.headers):
        return await _look_into_form(call)
    seen = path.dialect.peek(request.body)
    if seen.model is None and path.capability == "moderations":
        # OpenAI's SDK leaves it out: the vendor has a default. Here it is the service's model.
        seen.model = choose(call)
    if path.capability == "speech":
        call.units, call.unit_count = "characters", characters(seen)
    return seen


async def _look_into_form(call: "Call") -> Peek:
    """The model of a form, which may still be arriving; `call.form` then knows where it stands."""
    path, request = call.path, call.request
    assert path is not None
    reader = FormReader(boundary_of(request.headers.get(b"content-type", b"")))
    if path.form != "form":
        raise Refusal("invalid_json", reason="it is a form")
    if request.upload is None:
        reader.feed(request.body)
        reader.end()
    else:
        carrier = Carrier(call, request.upload, reader, call.gate.settings.form_search_bytes)
        request.upload.start(carrier)
        await pause()
        if carrier.whole:
            # It has all come while its model was looked for: sent like any body, to another target again if need be.
            request.body = carrier.waiting()
        else:
            call.carrier = carrier
    call.form = reader
    return Peek({}, model=reader.model, user=reader.user)
