"""minijinja for the worker. Nothing is reachable but the inputs: no loader, no include, plain JSON values only.

minijinja's fuel counts steps and not bytes (a short template builds hundreds of megabytes within it), so the worker's limits of
memory and time are what holds; see https://docs.rs/minijinja and https://pypi.org/project/minijinja/.
"""

import re
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import quote

import minijinja

Escaping = Literal["none", "json", "path"]


class TemplateFailed(Exception):
    """The template cannot be compiled or rendered; the message says why."""


class Templates:
    """One environment for each way in which `{{ value }}` is written.

    Where a body is JSON it writes JSON, where a text is a path it percent-encodes: what a caller sent cannot become a field or a
    segment because somebody forgot a filter.
    """

    def __init__(self, fuel: int) -> None:
        self._fuel = fuel
        self._environments: dict[Escaping, minijinja.Environment] = {
            "none": _environment(False),
            "json": _environment("json"),
            "path": _environment(False, _percent_encoded),
        }

    def check(self, source: str, escaping: Escaping) -> None:
        """Raises TemplateFailed when the source is no template."""
        try:
            self._environments[escaping].undeclared_variables_in_str(source)
        except minijinja.TemplateError as error:
            raise TemplateFailed(_said(error)) from None

    def render(self, source: str, escaping: Escaping, inputs: dict[str, Any], size: int = 0) -> str:
        """The text; `size` is that of the inputs in bytes. Raises TemplateFailed."""
        environment = self._environments[escaping]
        environment.fuel = self._fuel + size
        try:
            return environment.render_str(source, **inputs)
        except minijinja.TemplateError as error:
            raise TemplateFailed(_said(error)) from None


def _environment(escape: str | bool, finalizer: Callable[[Any], Any] | None = None) -> minijinja.Environment:
    environment = minijinja.Environment(
        undefined_behavior="strict",
        debug=False,
        auto_escape_callback=lambda name: escape,
        finalizer=finalizer,
    )
    # `safe` would undo the escaping, `debug` prints the engine's own state.
    environment.remove_filter("safe")
    environment.remove_global("debug")
    return environment


def _percent_encoded(value: Any) -> str:
    return quote(value if isinstance(value, str) else str(value), safe="")


def _said(error: minijinja.TemplateError) -> str:
    """The first of the engine's lines, with the line number in place of the name that only the engine gave."""
    first = (str(error).splitlines() or ["?"])[0]
    return re.sub(r" \(in [^():]*:([0-9]+)\)$", r" (line \1)", first)
