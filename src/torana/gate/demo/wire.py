"""What all demo endpoints share: the reply, errors in OpenAI's form, ids, token counts and stream events."""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

import msgspec

CREATED = 1_767_225_600
"""2026-01-01: a constant, so that the same request always gives the same bytes."""
FINGERPRINT = "fp_torana_demo"
DONE = b"data: [DONE]\n\n"
MOST_CHOICES = 128

_Request = TypeVar("_Request", bound=msgspec.Struct)


class DemoReply(NamedTuple):
    """A whole reply: either `body`, or `events`, each item of which is one complete server-sent event."""

    status: int
    body: bytes | None
    events: Iterator[bytes] | None


class DemoError(Exception):
    """A request that the demo refuses, with OpenAI's `param` and `code`."""

    def __init__(self, message: str, param: str | None, code: str | None = "invalid_value", status: int = 400) -> None:
        super().__init__(message)
        self.message, self.param, self.code, self.status = message, param, code, status

    def reply(self) -> DemoReply:
        """The error as OpenAI's API would send it."""
        error = {"message": self.message, "type": "invalid_request_error", "param": self.param, "code": self.code}
        return DemoReply(self.status, msgspec.json.encode({"error": error}), None)


def decode(decoder: "msgspec.json.Decoder[_Request]", body: bytes) -> _Request:
    """The typed request. Raises DemoError naming the field at fault."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _validation_error(str(error)) from None
    except RecursionError:
        raise DemoError("The request body is nested too deeply.", None, None) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise DemoError("The request body is not valid JSON.", None, None) from None


def _validation_error(text: str) -> DemoError:
    reason, _, path = text.partition(" - at `$")
    param = path.rstrip("`").lstrip(".") or None
    if reason.startswith("Object missing required field"):
        name = reason.split("`")[1]
        param = f"{param}.{name}" if param else name
        return DemoError(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")
    code = "invalid_type" if ", got " in reason else "invalid_value"
    where = f"Invalid value for '{param}'" if param else "The request body cannot be used"
    return DemoError(f"{where}: {reason[0].lower()}{reason[1:]}.", param, code)


def reply_id(prefix: str, body: bytes, model: str) -> str:
    """An id that depends on nothing but the request."""
    return prefix + hashlib.blake2b(body, digest_size=12, key=model.encode()[:64]).hexdigest()


def count_tokens(text: str) -> int:
    """Tokens as the demo counts them: one for each four bytes of UTF-8, rounded up."""
    return (len(text if text.isascii() else text.encode()) + 3) // 4


def cut_to_tokens(text: str, most: int | None) -> tuple[str, bool]:
    """The longest beginning of `text` within `most` tokens, and whether anything was cut."""
    if most is None or count_tokens(text) <= most:
        return text, False
    return text.encode()[: 4 * most].decode(errors="ignore"), True


def cut_at_stop(text: str, stop: str | list[str] | None) -> str:
    """`text` up to the first of the stop sequences."""
    for sequence in [stop] if isinstance(stop, str) else stop or ():
        if sequence:
            text = text.partition(sequence)[0]
    return text


def pieces(text: str, most_characters: int = 24) -> Iterator[str]:
    """Word pieces whose concatenation is `text`: a word travels with the space before it."""
    begin, end = 0, len(text)
    while begin < end:
        space = text.find(" ", begin + 1, begin + most_characters)
        stop = space if space != -1 else min(end, begin + most_characters)
        yield text[begin:stop]
        begin = stop


def usage(prompt_tokens: int, completion_tokens: int) -> dict[str, Any]:
    """OpenAI's `usage` of a chat or text completion, with its details."""
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def event(value: Any) -> bytes:
    """One server-sent event."""
    return b"data: " + msgspec.json.encode(value) + b"\n\n"
