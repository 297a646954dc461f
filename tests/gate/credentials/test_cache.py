"""Who fetches a token, and who uses which."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from torana.core.secret import Secret
from torana.gate.credentials.cache import Answer, Tokens
from torana.gate.credentials.tokens import Token

OLD, NEW = Secret("old"), Secret("new")


def test_one_fetches_and_the_others_wait() -> None:
    tokens = Tokens()
    assert [tokens.ask("a", 0.0).do for _ in range(3)] == ["fetch", "wait", "wait"]
    assert tokens.ask("b", 0.0).do == "fetch"
    tokens.got("a", Token(OLD, 3600.0))
    assert tokens.ask("a", 1.0) == Answer("use", OLD)


def test_a_token_is_renewed_a_minute_before_it_expires_and_used_until_then() -> None:
    tokens = Tokens()
    tokens.got("a", Token(OLD, 3600.0))
    assert tokens.ask("a", 3539.0) == Answer("use", OLD)
    assert tokens.ask("a", 3540.0) == Answer("fetch", OLD)
    assert tokens.ask("a", 3541.0) == Answer("use", OLD)
    tokens.got("a", Token(NEW, 7200.0))
    assert tokens.ask("a", 3542.0) == Answer("use", NEW)


def test_after_a_failure_all_are_told_why_until_it_is_tried_again() -> None:
    tokens = Tokens()
    tokens.ask("a", 100.0)
    tokens.failed("a", "status 400, invalid_grant", 100.0)
    told = tokens.ask("a", 100.1)
    assert (told.do, told.reason) == ("give_up", "status 400, invalid_grant")
    assert 100.75 <= told.again <= 101.0
    assert tokens.ask("a", told.again).do == "fetch"
    assert tokens.ask("a", told.again).do == "wait"


def test_the_waits_grow_to_a_minute_and_start_anew_after_a_success() -> None:
    tokens = Tokens()
    waits = []
    for _ in range(10):
        tokens.failed("a", "no", 0.0)
        waits.append(tokens.ask("a", 0.0).again)
    assert waits[0] <= 1.0 < waits[1] <= 2.0 < waits[2]
    assert all(45.0 <= wait <= 60.0 for wait in waits[7:])
    tokens.got("a", Token(OLD, 1.0))
    tokens.failed("a", "no", 2.0)
    assert tokens.ask("a", 2.0).again <= 3.0


def test_a_token_that_is_still_good_is_used_while_its_renewal_fails() -> None:
    tokens = Tokens()
    tokens.got("a", Token(OLD, 100.0))
    assert tokens.ask("a", 50.0) == Answer("fetch", OLD)
    tokens.failed("a", "down", 50.0)
    assert tokens.ask("a", 50.1) == Answer("use", OLD)


def test_a_fetch_that_was_lost_is_begun_again() -> None:
    tokens = Tokens()
    assert [tokens.ask("a", now).do for now in (0.0, 29.9, 30.0, 30.1)] == ["fetch", "wait", "fetch", "wait"]


def test_a_token_that_the_vendor_refuses_is_used_no_more() -> None:
    tokens = Tokens()
    tokens.got("a", Token(NEW, 1000.0))
    tokens.refuse("a", OLD)
    assert tokens.ask("a", 0.0).do == "use"
    tokens.refuse("a", NEW)
    tokens.refuse("b", NEW)
    assert tokens.ask("a", 0.0).do == "fetch"


def test_accounts_that_are_gone_are_forgotten() -> None:
    tokens = Tokens()
    for account in ("a", "b"):
        tokens.got(account, Token(OLD, 1000.0))
    tokens.keep(["b"])
    assert [tokens.ask(account, 0.0).do for account in ("a", "b")] == ["fetch", "use"]


class TokensMachine(RuleBasedStateMachine):
    """No token is used after its end, and no two fetch at once."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = Tokens()
        self.now = 0.0
        self.flight: float | None = None
        self.expires = -1.0

    @rule(seconds=st.floats(0, 100))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def someone_asks(self) -> None:
        answer = self.tokens.ask("a", self.now)
        if answer.token is not None:
            assert self.expires > self.now
        if answer.do == "use":
            assert answer.token is not None
        if answer.do == "fetch":
            assert self.flight is None or self.now >= self.flight + 30
            self.flight = self.now

    @rule(lifetime=st.floats(0, 200))
    def it_is_got(self, lifetime: float) -> None:
        self.expires = self.now + lifetime
        self.flight = None
        self.tokens.got("a", Token(OLD, self.expires))

    @rule()
    def it_failed(self) -> None:
        self.flight = None
        self.tokens.failed("a", "no", self.now)

    @invariant()
    def nobody_gives_up_for_longer_than_a_minute(self) -> None:
        later = self.tokens.ask("b", self.now)
        assert later.do in ("fetch", "wait")


TestTokensMachine = TokensMachine.TestCase
