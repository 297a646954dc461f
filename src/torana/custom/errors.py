"""How a custom model fails."""

from typing import Literal

Code = Literal["custom_template_failed", "custom_sandbox_unavailable", "upstream_bad_reply"]


class CustomError(Exception):
    """A step of a custom model could not be done.

    `custom_template_failed`: the template or mapping itself is at fault, or what it was given. `custom_sandbox_unavailable`: too
    many evaluations wait, or no worker could be started; trying again may help. `upstream_bad_reply`: what came from the service
    is not JSON, or its stream has another framing than described.
    """

    def __init__(self, code: Code, step: str, reason: str) -> None:
        self.code: Code = code
        self.step = step
        """The field of the description, such as `request.body` or `response`."""
        self.reason = reason
        super().__init__(f"{step}: {reason}" if step else reason)


def failed(step: str, reason: str) -> CustomError:
    """The template or mapping `step` cannot be used."""
    return CustomError("custom_template_failed", step, reason)


class DescriptionError(ValueError):
    """A description that cannot be used; `problems` name the fields, each as `request.path: what is wrong`."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))
