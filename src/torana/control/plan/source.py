"""A torana.yaml as plan and apply take it."""

from typing import Any

import msgspec

from torana.control.declaration.outside import OutsideValues


class Source(msgspec.Struct, frozen=True):
    """A file as it was handed over."""

    text: bytes
    values: OutsideValues
    name: str = "torana.yaml"

    def handed_over(self) -> dict[str, Any]:
        """The body of POST /api/v1/plan and /api/v1/apply. It holds the secrets: send it nowhere else."""
        return {
            "text": self.text.decode(),
            "name": self.name,
            "values": {key: value.reveal() for key, value in self.values.found.items()},
            "missing": dict(self.values.missing),
        }
