"""What goes to the sandbox's worker and comes back: msgpack in frames that begin with their length, four bytes, big-endian."""

import struct
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

LENGTH = struct.Struct(">I")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one evaluation (one job) may use."""

    wall_seconds: float = 5.0
    cpu_seconds: float = 1.0
    memory_bytes: int = 384 * 1024 * 1024
    """Address space beyond what the worker has when it starts."""
    input_bytes: int = 32 * 1024 * 1024
    output_bytes: int = 32 * 1024 * 1024
    fuel: int = 500_000
    """Steps of a template, besides one for each byte of its input: writing a long value takes steps too (measured: 0.4 a byte)."""
    depth: int = 400
    """Of nested evaluations of a mapping."""
    items: int = 100_000
    """Of a range, and characters that `$pad` adds."""


class Step(msgspec.Struct, frozen=True, array_like=True):
    """One template or mapping, applied to one of the job's inputs."""

    name: str
    """The field of the description, for messages."""
    kind: Literal["path", "body", "text", "mapping"]
    """`path`: a template whose values are percent-encoded; `body`: one whose values are written as JSON, and whose result has to be
    JSON; `text`: one of any text; `mapping`: JSONata."""
    source: str
    input: int = 0


class Job(msgspec.Struct, frozen=True, array_like=True):
    """Steps that are done together, and the JSON texts they work on. Without inputs the steps are only compiled."""

    steps: tuple[Step, ...]
    inputs: tuple[bytes, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of input."""
        return sum(map(len, self.inputs))


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What the worker answers: one text for each step (JSON for a mapping), or which step failed and why."""

    values: tuple[bytes, ...] = ()
    step: str = ""
    reason: str = ""
    fault: Literal["", "expression", "input"] = ""
    """`input`: the input is not JSON."""
    leaving: bool = False
    """The worker ends after this answer."""


Evaluate = Callable[[Job], Awaitable[tuple[bytes, ...]]]
"""Does a job. Raises CustomError."""

encode = msgspec.msgpack.Encoder().encode
decode_job = msgspec.msgpack.Decoder(Job).decode
decode_outcome = msgspec.msgpack.Decoder(Outcome).decode
