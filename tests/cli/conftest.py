"""The scripted instance of the supervisor's tests, for commands that meet a running one."""

from tests.supervisor.conftest import instance

__all__ = ["instance"]
