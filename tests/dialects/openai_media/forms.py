"""Forms as clients write them."""

BOUNDARY = b"----edge"
KIND = b"multipart/form-data; boundary=" + BOUNDARY


def part(name: str, value: bytes, more: str = "") -> bytes:
    """One part with its boundary before it."""
    head = f'Content-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode()
    return b"--" + BOUNDARY + b"\r\n" + head + value + b"\r\n"


def file(value: bytes, name: str = "file") -> bytes:
    """A part that is a file."""
    return part(name, value, '; filename="a.wav"\r\nContent-Type: audio/wav')


def form(*parts: bytes) -> bytes:
    """A whole form."""
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"
