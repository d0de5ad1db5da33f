"""The answers to the protocol's eligibility criteria, and what was set aside over a signature."""

from __future__ import annotations

from typing import Any, NoReturn

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.enrolment.models.participant import Participant
from apps.enrolment.models.screening import ScreeningEntry
from studyportal.access.models import SiteScoped
from studyportal.audit import tracked
from studyportal.deviations.models import Deviation
from studyportal.signatures.models import Method

LONGEST_EVIDENCE, LONGEST_EXPLANATION, LONGEST_REASON = 500, 500, 1000


class Answer(models.TextChoices):
    YES = "yes", _("Yes")
    NO = "no", _("No")
    NOT_KNOWN = "not_known", _("Not known")


@tracked
class EligibilityAnswer(SiteScoped):
    """What was found of one criterion for one person screened. The verdict is derived and stands nowhere.

    A criterion that the protocol no longer has keeps its answer: criterion and protocol_version say what was asked.
    """

    entry = models.ForeignKey(
        ScreeningEntry, on_delete=models.PROTECT, related_name="answers", verbose_name=_("screening entry")
    )
    criterion = models.CharField(_("criterion"), max_length=60)
    answer = models.CharField(_("answer"), max_length=10, choices=Answer)
    evidence = models.CharField(
        _("evidence"),
        max_length=LONGEST_EVIDENCE,
        blank=True,
        help_text=_("Which source, and its date. Never a name, number or address of the person."),
    )
    explanation = models.CharField(
        _("why it differs from the known value"), max_length=LONGEST_EXPLANATION, blank=True
    )
    # The explanation stands while this is what the portal knows.
    explained_value = models.CharField(_("value explained"), max_length=200, blank=True, editable=False)
    protocol_version = models.CharField(_("protocol version"), max_length=40, editable=False)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        editable=False,
        verbose_name=_("answered by"),
    )
    answered_at = models.DateTimeField(_("answered at"), editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("answer to a criterion")
        verbose_name_plural = _("answers to criteria")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "criterion"],
                name="eligibility_answer_once",
                violation_error_message=_(
                    "This criterion was answered already; read the answer and change that."
                ),
            ),
            models.CheckConstraint(
                condition=Q(answer__in=Answer.values),
                name="eligibility_known_answer",
                violation_error_message=_("Answer yes, no or not known."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.criterion}: {self.get_answer_display()}"


class EligibilityOverride(SiteScoped):
    """An investigator sets one criterion aside for one participant, with a reason and a signature.

    It stands for the answer that it saw (answer_version; 0: none) and for no later one. Its deviation tells the data
    manager and the ethics committee. The signature is kept in the row itself, over the canonical text of `content`.
    """

    append_only = True

    entry = models.ForeignKey(ScreeningEntry, on_delete=models.PROTECT, related_name="overrides")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="eligibility_overrides"
    )
    criterion = models.CharField(_("criterion"), max_length=60)
    criterion_text = models.TextField(_("criterion as it read"))
    answer = models.CharField(_("answer seen"), max_length=10, choices=Answer, blank=True)
    answer_version = models.PositiveIntegerField(_("version of the answer seen"))
    reason = models.TextField(_("reason"))
    protocol_version = models.CharField(_("protocol version"), max_length=40)
    deviation = models.OneToOneField(Deviation, on_delete=models.PROTECT, related_name="+")
    signer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signer_name = models.CharField(_("name of the signer"), max_length=150)
    signer_role = models.CharField(_("role of the signer"), max_length=200)
    statement = models.TextField(_("statement as read"))
    signed_at = models.DateTimeField(_("signed at"))
    content_sha256 = models.CharField(_("SHA-256 of the content"), max_length=64)
    content_format = models.CharField(_("canonical form"), max_length=20)
    method = models.CharField(_("identity confirmed by"), max_length=20, choices=Method)

    class Meta:
        verbose_name = _("override of a criterion")
        verbose_name_plural = _("overrides of criteria")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "criterion", "answer_version"],
                name="eligibility_override_once",
                violation_error_message=_("This answer is overridden already."),
            ),
            models.CheckConstraint(
                condition=~Q(criterion="consent"),
                name="eligibility_consent_stands",
                violation_error_message=_("Consent cannot be overridden."),
            ),
            models.CheckConstraint(
                condition=Q(content_sha256__regex=r"^[0-9a-f]{64}$"),
                name="eligibility_override_has_hash",
                violation_error_message=_("A signature carries the SHA-256 of what was signed."),
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.criterion}: {self.signer_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("An override stays as it was signed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("An override is never deleted.")
