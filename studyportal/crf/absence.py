"""Why a value is not there. A value is null plus one of these, never a magic number."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from studyportal.words import looked_up

NOT_DERIVABLE = "not_derivable"


class AbsentReason(models.TextChoices):
    """The reasons that a person can give."""

    NOT_DONE = "not_done", _("Not done")
    NOT_RECORDED = "not_recorded", _("Not recorded in the source")
    UNKNOWN = "unknown", _("Unknown")
    NOT_APPLICABLE = "not_applicable", _("Not applicable")
    REFUSED = "refused", _("Refused by the participant")
    BELOW_DETECTION = "below_detection", _("Below detection")
    NOT_TRANSCRIBED = "not_transcribed", _("In the source, not transcribed")
    PENDING = "pending", _("Result pending")


def label_of(reason: str) -> str:
    """The words for a stored reason; a derived value carries what it lacks."""
    code, _sep, why = reason.partition(":")
    if code == NOT_DERIVABLE:
        return f"{_('Not derivable')}: {looked_up(why.strip())}" if why else str(_("Not derivable"))
    return str(AbsentReason(code).label) if code in AbsentReason.values else reason
