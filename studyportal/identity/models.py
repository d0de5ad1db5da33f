"""Who a participant is: one sealed row apart from every record, behind a wall of its own."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import SiteScoped
from studyportal.audit import tracked


@tracked
class Identity(SiteScoped):
    """Name, birth date, contact and hospital number of one participant, as one ciphertext.

    Nothing here can be read without the keys of the installation: rows, history, dumps and backups hold what
    `sealing` made. Plain identities are had from `selectors.identity_of` only.
    """

    # Behind row-level security a row is there only for those who hold VIEW_IDENTITY at its site.
    wall = "identity"

    # No way back from the participant: whoever holds a participant cannot stumble into the identity.
    participant = models.OneToOneField(settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+")
    sealed = models.BinaryField(_("sealed identity"))
    key_id = models.CharField(_("key that sealed it"), max_length=16, editable=False)
    # The same number at two sites has two indexes: the site is part of what is hashed.
    hospital_number_index = models.CharField(
        _("blind index of the hospital number"), max_length=64, null=True, blank=True, editable=False
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "hospital_number_index"],
                name="identity_hospital_number_once_per_site",
                violation_error_message=_("Another participant of this site has this hospital number."),
            ),
        ]
        indexes = [models.Index(fields=["key_id"])]

    def __str__(self) -> str:
        return f"identity of participant {self.participant_id}"
