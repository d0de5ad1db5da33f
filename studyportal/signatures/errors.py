"""Why something is not signed."""

from __future__ import annotations


class NotSigned(Exception):
    """Nothing was signed. code: for scripts; the message is for the signer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotPermitted(NotSigned):
    """The person may not sign this."""


class NotTheSigner(NotSigned):
    """The password or the one-time code does not show that the signed-in person is signing."""
