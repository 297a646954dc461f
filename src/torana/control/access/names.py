"""What a name may look like."""

import re

from torana.core.errors import Refusal

# No spaces or control characters, because names stand in `model`, in headers, in paths and in log lines.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+/-]*", re.ASCII)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]*", re.ASCII)


def fits(name: str, *, most: int = 100, slashes: bool = False) -> bool:
    """Whether this can be a name."""
    return len(name) <= most and (_NAME if slashes else _PLAIN_NAME).fullmatch(name) is not None


def check_name(name: str, param: str = "name", *, most: int = 100, slashes: bool = False) -> str:
    """The name, if it can be one. Raises Refusal `invalid_field`."""
    if not fits(name, most=most, slashes=slashes):
        marks = "._:@+/-" if slashes else "._@+-"
        raise Refusal(
            "invalid_field",
            param=param,
            reason=f"expected 1 to {most} letters, digits or {marks}, beginning with a letter or digit",
        )
    return name
