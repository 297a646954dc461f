"""Values that stand outside the file: found by the caller's side and handed over beside the text.

The server never reads its own environment or files for a caller: that would hand out what the caller may not see.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from torana.control.declaration.problems import Problems
from torana.control.declaration.shape import Outside
from torana.core.secret import Secret

MOST_BYTES = 512 * 1024
"""Of one value: long enough for a bundle of certificates and for the description of a model."""


class OutsideValues(msgspec.Struct, frozen=True):
    """Values by `Outside.key`, and for those that could not be had, why."""

    found: Mapping[str, Secret]
    missing: Mapping[str, str]

    def of(self, reference: Outside | None) -> Secret | None:
        """The value behind a reference; None without a reference."""
        return None if reference is None else self.found[reference.key]


def resolve_outside(references: tuple[Outside, ...], environment: Mapping[str, str], folder: Path) -> OutsideValues:
    """Look every reference up. Relative paths start in `folder`, where the file lies. Never raises."""
    found: dict[str, Secret] = {}
    missing: dict[str, str] = {}
    start = str(folder)
    for reference in references:
        key = reference.key
        if key in found or key in missing:
            continue
        if reference.source == "env":
            text, reason = _from_environment(reference.name, environment)
        else:
            # A Path for each of a hundred thousand takes longer than reading them.
            text, reason = _from_file(os.path.join(start, reference.name))  # noqa: PTH118
        if reason:
            missing[key] = reason
        else:
            found[key] = Secret(text)
    return OutsideValues(found, missing)


def check_outside(references: tuple[Outside, ...], values: OutsideValues, problems: Problems) -> None:
    """Note a problem for every reference that has no value."""
    for reference in references:
        if reference.key not in values.found:
            reason = values.missing.get(reference.key)
            problems.add(reference.place, reason or f"no value came along for {reference.source} {reference.name}")


def _from_environment(name: str, environment: Mapping[str, str]) -> tuple[str, str]:
    text = environment.get(name)
    if text is None:
        return "", f"the environment variable {name} is not set"
    return (text, "") if text.strip() else ("", f"the environment variable {name} is empty")


def _from_file(path: str) -> tuple[str, str]:
    try:
        content = _read(path)
        text = content.decode().strip()
    except OSError as error:
        return "", f"the file {path} cannot be read: {error.strerror or type(error).__name__}"
    except ValueError:
        return "", f"the file {path} is not text in UTF-8"
    if len(content) > MOST_BYTES:
        return "", f"the file {path} is larger than {MOST_BYTES} bytes"
    return (text, "") if text else ("", f"the file {path} is empty")


def _read(path: str) -> bytes:
    # Without a file object, which costs more than the file: there may be a hundred thousand, of 50 bytes each.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        content = b""
        while len(content) <= MOST_BYTES and (more := os.read(descriptor, MOST_BYTES + 1)):
            content += more
    finally:
        os.close(descriptor)
    return content
