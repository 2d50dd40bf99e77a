"""The few exceptions of the house: "cannot go on". "The answer is no" is an outcome, not an exception."""


class CertsvcError(Exception):
    """Base of every error a caller may meet.

    `code` is stable lower_snake and never reused; `zh` and `en` are whole sentences for people; `hint` is the next
    command to type, or an empty string.
    """

    def __init__(self, code: str, zh: str, en: str, hint: str = "") -> None:
        super().__init__(f"{code}: {en}")
        self.code, self.zh, self.en, self.hint = code, zh, en, hint


class Malformed(CertsvcError):
    """The input is not one of ours, or not written as we write it."""


class Refused(CertsvcError):
    """A rule forbids the step; the rule stands in `en` and `zh`."""


class NotReady(CertsvcError):
    """The installation lacks something: a key, a table, a port, a file mode."""


class NotFound(CertsvcError):
    """The named thing does not exist here."""
