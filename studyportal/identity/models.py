"""Who a participant is: one sealed row apart from every record, behind a wall of its own; and what tells that two
participants may be one person, without telling who."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
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


class PersonIndex(SiteScoped):
    """The blind keys by which one participant is recognised at another site (`linkage`), and nothing beside.

    No role of the portal reads or writes it: `crossing` asks the database to take the keys of an identity that was
    just saved, and the database itself compares them with everybody's.
    """

    not_a_record = "Made from the sealed identity and again whenever that changes; the identity's own history says who changed it."
    wall = "sealed"

    participant = models.OneToOneField(settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+")
    # `kind.hmac`; those of `binding` are among them (linkage.MatchKey).
    keys = ArrayField(models.CharField(max_length=96), verbose_name=_("blind keys"), editable=False)
    binding = ArrayField(models.CharField(max_length=96), verbose_name=_("keys that bind"), editable=False)
    # The version of the identity that they were made from: each is compared once.
    identity_version = models.PositiveIntegerField(editable=False)

    class Meta:
        verbose_name = _("blind keys of a person")
        verbose_name_plural = _("blind keys of persons")
        indexes = [
            GinIndex(fields=["keys"], name="person_index_keys"),
            GinIndex(fields=["binding"], name="person_index_binding"),
        ]

    def __str__(self) -> str:
        return f"blind keys of participant {self.participant_id}"


class DuplicateState(models.TextChoices):
    OPEN = "open", _("Open")
    SAME_PERSON = "same_person", _("Same person")
    DIFFERENT_PEOPLE = "different_people", _("Different people")
    WITHDRAWN = "withdrawn", _("No longer agrees")


class Agreement(models.TextChoices):
    """What agrees between two identities, in words that tell nothing of either (`linkage.KINDS`)."""

    NAME_BIRTH_DATE = "name_birth_date", _("Name and birth date")
    SOUND_BIRTH_DATE = "sound_birth_date", _("Name by its sound, and birth date")
    NAME_SWAPPED_DATE = "name_swapped_date", _("Name and birth date, day and month exchanged")
    NAME_PHONE = "name_phone", _("Name and a phone number")
    GUARDIAN_BIRTH_DATE = "guardian_birth_date", _("Representative's name and birth date")
    PHONE_BIRTH_YEAR = "phone_birth_year", _("A phone number and year of birth")
    PART_BIRTH_DATE = "part_birth_date", _("Part of the name, and birth date")
    NAME_BIRTH_MONTH = "name_birth_month", _("Name and month of birth")
    NAME_BIRTH_YEAR = "name_birth_year", _("Name and year of birth")


class Strength(models.TextChoices):
    STRONG = "strong", _("Strong")
    PROBABLE = "probable", _("Probable")
    POSSIBLE = "possible", _("Possible")


@tracked
class PossibleDuplicate(SiteScoped):
    """That one participant may be the same person as another. A pair is two rows, each at its own site, so that the
    staff of a site see their own participant's and nothing of the other's."""

    # Shown to who may know the identities of its site, and to who settles; written by the latter alone.
    wall = "duplicate"

    participant = models.ForeignKey(
        settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("participant")
    )
    pair = models.UUIDField(_("pair"), editable=False)
    agreement = ArrayField(
        models.CharField(max_length=24, choices=Agreement), verbose_name=_("what agrees"), editable=False
    )
    strength = models.CharField(_("strength"), max_length=10, choices=Strength, editable=False)
    state = models.CharField(
        _("state"), max_length=20, choices=DuplicateState, default=DuplicateState.OPEN, editable=False
    )
    stays_in_analysis = models.BooleanField(_("stays in the analysis"), null=True, editable=False)
    found_at = models.DateTimeField(_("found"), auto_now_add=True)
    settled_at = models.DateTimeField(_("settled"), null=True, editable=False)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    settled_because = models.TextField(_("why"), blank=True, default="", editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("possible duplicate")
        verbose_name_plural = _("possible duplicates")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pair", "participant"],
                name="possible_duplicate_once_per_pair",
                violation_error_message=_("This participant is in this pair already."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=DuplicateState.values),
                name="possible_duplicate_known_state",
                violation_error_message=_("Unknown state."),
            ),
            models.CheckConstraint(
                condition=Q(state=DuplicateState.SAME_PERSON, stays_in_analysis__isnull=False)
                | (~Q(state=DuplicateState.SAME_PERSON) & Q(stays_in_analysis__isnull=True)),
                name="possible_duplicate_says_who_stays",
                violation_error_message=_("Of one person, one code stays in the analysis; of two, both do."),
            ),
        ]
        indexes = [models.Index(fields=["participant", "state"]), models.Index(fields=["site", "state"])]

    def __str__(self) -> str:
        return f"possible duplicate of participant {self.participant_id}"


@tracked
class LeftOutOfAnalysis(SiteScoped):
    """The mark on a participant who is the same person as another one, who stays in the analysis: not enrolled, not
    matched, not counted. It names no other, and goes when the decision is taken back."""

    # Read as every record, because analyses ask it; written by who settles.
    wall = "verdict"

    participant = models.OneToOneField(
        settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("participant")
    )
    since = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("participant left out of the analysis")
        verbose_name_plural = _("participants left out of the analysis")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"participant {self.participant_id} is left out of the analysis"


class Paper(SiteScoped):
    """A sheet that shows who a participant is: a signed form, a drawn signature. Sealed like the identity, and final."""

    append_only = True
    wall = "identity"

    participant = models.ForeignKey(settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name of the file"), max_length=150)
    content_type = models.CharField(_("content type"), max_length=60)
    size = models.PositiveIntegerField(_("bytes"))
    # Of the plain content: what the consent log holds of it.
    sha256 = models.CharField("SHA-256", max_length=64)
    sealed = models.BinaryField(_("sealed content"))
    key_id = models.CharField(_("key that sealed it"), max_length=16, editable=False)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("signed sheet")
        verbose_name_plural = _("signed sheets")
        ordering = ["id"]
        indexes = [models.Index(fields=["key_id"]), models.Index(fields=["participant"])]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"sheet of participant {self.participant_id}"
