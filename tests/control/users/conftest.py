"""Quick passwords in these tests."""

from tests.support.people import quick_passwords

__all__ = ["quick_passwords"]
