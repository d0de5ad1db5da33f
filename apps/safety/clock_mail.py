"""The mails by which people are reminded of what is to be reported: codes and times, never what happened or to whom."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from studyportal.mail import actions as mail


def is_wanted() -> bool:
    return mail.is_wanted()


def hand_over(address: str, lines: list[str]) -> None:
    """One mail to one person, whatever he or she chose: a duty of the protocol hangs on it."""
    with translation.override(settings.LANGUAGE_CODE):
        subject = ngettext(
            "Safety: %(n)d matter to see to", "Safety: %(n)d matters to see to", len(lines)
        ) % {"n": len(lines)}
        body = _(
            "%(lines)s\n\nSign in to the portal and open “Safety”: there each is with what is recorded, and there it is"
            " reported or acknowledged. This mail holds codes only; do not answer it with names."
        ) % {"lines": "\n\n".join(lines)}
    mail.hand_over(to=[address], subject=subject, body=body)
