"""What one may do for oneself only: it takes a person, and not a credential that was made to do less."""

from torana.control.access.actor import Actor
from torana.core.errors import Refusal

_SESSION = "session_"


def person(actor: Actor) -> str:
    """The id of the user who acts for themselves. Raises Refusal `sign_in_required`."""
    if actor.kind != "person" or actor.id is None or not actor.whole:
        raise Refusal("sign_in_required")
    return actor.id


def in_session(actor: Actor) -> bool:
    """Whether who acts has signed in, rather than sent a token."""
    return actor.via is not None and actor.via.startswith(_SESSION)
