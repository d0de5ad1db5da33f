"""What the register of documents answers to enrolment. Thin."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from apps.consent.selectors import documents as selectors
from apps.enrolment.models import SiteApproval
from apps.enrolment.signals import approved_asked
from studyportal.access.models import User
from studyportal.ui.templatetags.ui_tags import human_date_text


@receiver(approved_asked, dispatch_uid="consent.documents_of_approval")
def documents_of_approval(
    sender: Any, *, approval: SiteApproval, user: User, **_more: Any
) -> list[tuple[str, str, str]]:
    return [
        (
            str(one),
            one.get_absolute_url(),
            f"{one.get_purpose_display()}, {_('in use from %s') % human_date_text(one.valid_from)}",
        )
        for one in selectors.documents_of_approval(approval, user)
    ]
