"""Why a sign-in came to nothing. Each reason is a word of ours for the log; never the provider's text."""


class SignInFailed(Exception):
    """``reason`` is logged; people read a page that says what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(SignInFailed):
    """The provider said no, or said something that cannot be believed."""


class NoAttempt(Refused):
    """Not the answer to a question that this browser was sent with: an old tab, or somebody else's link."""


class NotSilently(SignInFailed):
    """The provider would have to ask the person something: the session there has ended."""


class Unanswered(SignInFailed):
    """No verdict on the person: worth another try, and until then nothing goes on. Says nothing of the provider."""


class Busy(Unanswered):
    """Everything here that may wait for the provider is waiting: our own crowd, which whoever wants to can make."""


class Away(Unanswered):
    """The provider does not answer, or as no provider does: seen by a request of our own, never told by a browser."""
