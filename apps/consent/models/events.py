"""The consent log: entries are added, never changed and never taken away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

import pgtrigger
from django.conf import settings
from django.db import models, router, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.consent import chain
from apps.consent.models.documents import ConsentDocumentText
from apps.consent.rules import Event
from studyportal.access.models import Membership, ScopedQuerySet, SiteScoped
from studyportal.crf.fields import (
    CodedField,
    CountField,
    DayField,
    MomentField,
    MultiCodedField,
    NoteField,
    PartialDateField,
    TextField,
    YesNoField,
)
from studyportal.files.models import DelegationDocument


class Kind(models.TextChoices):
    CONSENT = "consent", _("Consent of the participant")
    LAR_CONSENT = "lar_consent", _("Consent of a legally acceptable representative")
    ORAL_ASSENT = "oral_assent", _("Oral assent")
    WRITTEN_ASSENT = "written_assent", _("Written assent")
    RE_CONSENT = "re_consent", _("Re-consent")
    DISSENT = "dissent", _("Dissent of the child")
    WITNESSED = "witnessed", _("Signature of the witness")
    RECORDED = "recorded", _("Audio-visual recording")
    COPY_GIVEN = "copy_given", _("Signed copy given")
    OPTIONAL_ITEMS = "optional_items", _("Change of optional items")
    WITHDRAWAL = "withdrawal", _("Withdrawal")
    CORRECTION = "correction", _("Correction of an entry")


# Entries that say something of a signature and name it (`concerns`).
ABOUT_A_SIGNATURE = (Kind.WITNESSED, Kind.RECORDED, Kind.COPY_GIVEN)


class Purpose(models.TextChoices):
    PARTICIPATION = "participation", _("Taking part: visits and data")
    PROCEDURE = "procedure", _("Harvest and infusion")
    SAMPLE_STORAGE = "sample_storage", _("Storage of samples")
    FUTURE_CONTACT = "future_contact", _("Contact in future")
    DATA_SHARING = "data_sharing", _("Sharing of coded data")
    IMAGES = "images", _("Images that may show the participant")


# What a person may agree to or decline while taking part.
OPTIONAL = (Purpose.SAMPLE_STORAGE, Purpose.FUTURE_CONTACT, Purpose.DATA_SHARING, Purpose.IMAGES)


class Signer(models.TextChoices):
    PARTICIPANT = "participant", _("The participant")
    MOTHER = "mother", _("Mother")
    FATHER = "father", _("Father")
    GUARDIAN = "guardian", _("Guardian")
    OTHER = "other", _("Another representative")


class Capacity(models.TextChoices):
    DECIDES = "decides", _("Can decide")
    CANNOT_DECIDE = "cannot_decide", _("Cannot decide at present")


class WitnessRelation(models.TextChoices):
    RELATIVE = "relative", _("Relative of the participant")
    COMMUNITY = "community", _("Neighbour, teacher or other person of trust")
    SOCIAL_WORKER = "social_worker", _("Social worker or patient advocate")
    HOSPITAL_STAFF = "hospital_staff", _("Hospital staff outside of the study")
    STUDY_STAFF = "study_staff", _("Study staff")


class Method(models.TextChoices):
    PAPER = "paper", _("On paper")
    SCREEN = "screen", _("On the screen")
    SPOKEN = "spoken", _("Spoken")


class AudioVisual(models.TextChoices):
    NOT_REQUIRED = "not_required", _("Not required")
    RECORDED = "recorded", _("Required and recorded")
    REQUIRED_NOT_DONE = "required_not_done", _("Required and not done")


class WithdrawalScope(models.TextChoices):
    TREATMENT = "treatment", _("Treatment")
    VISITS = "visits", _("Visits")
    FUTURE_CONTACT = "future_contact", _("Contact in future")
    NEW_DATA = "new_data", _("New data")
    SAMPLE_USE = "sample_use", _("Use of samples")
    ERASURE_REQUEST = "erasure_request", _("Erasure requested")


class AppendOnly(TypeError):
    """An entry of the log was to be changed or deleted."""


class EventQuerySet(ScopedQuerySet):
    """Entries of the log; many at once are linked as one by one."""

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        events = list(objs)
        with transaction.atomic(using=self.db):
            for start in range(0, len(events), chain.AT_ONCE):
                batch = events[start : start + chain.AT_ONCE]
                chain.prepare(batch, self.db)
                super().bulk_create(batch, *args, **kwargs)
        return events


class ConsentEvent(SiteScoped):
    """One entry of the consent log, as far as the source states it; what it does not state has a reason in `absent`.

    Each entry is final. A mistake is corrected by a further entry (kind `correction`) that names the first.
    """

    append_only = True

    participant = models.ForeignKey(
        settings.PARTICIPANT_MODEL, on_delete=models.PROTECT, related_name="consent_events"
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    purposes = MultiCodedField(_("Consented to"), codes=Purpose, required=False)
    declined = MultiCodedField(_("Declined"), codes=Purpose, required=False)
    session_number = CountField(
        _("Session"), minimum=1, maximum=20, required=False, help_text=_("Empty: not limited to one session.")
    )
    # The words that were signed, as the register of documents has them; a past record may name none.
    document = models.ForeignKey(
        ConsentDocumentText,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("document"),
    )
    document_sha256 = models.CharField(
        _("SHA-256 of the document"), max_length=64, blank=True, editable=False
    )
    document_version = TextField(_("Version of the document"), max_length=40)
    document_language = TextField(_("Language of the document"), max_length=40)
    ethics_approval_number = TextField(_("Number of the ethics approval"), max_length=80)
    ethics_approval_validity = DayField(_("Ethics approval valid until"), future=True)
    informed_at = MomentField(_("Information given at"), required=False)
    signed_on = PartialDateField(_("Signed on"))
    signed_at = MomentField(_("Time of signature"), required=False)
    age_at_signature = CountField(_("Age at signature"), unit="a", minimum=0, maximum=110)
    capacity = CodedField(_("Capacity of the participant"), codes=Capacity, required=False)
    signer = CodedField(_("Signer"), codes=Signer)
    signer_relationship = TextField(
        _("Relationship of another representative"), max_length=80, required=False
    )
    signer_can_read = YesNoField(_("The signer can read the document"), required=False)
    method = CodedField(_("How it was signed"), codes=Method, required=False)
    # The sheet or the drawn signature: it shows who the participant is, so it is sealed and apart.
    paper = models.ForeignKey(
        "identity.Paper",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("signed sheet"),
    )
    paper_sha256 = models.CharField(
        _("SHA-256 of the signed sheet"), max_length=64, blank=True, editable=False
    )
    lar_relationship_proof = TextField(_("Proof of the relationship"), max_length=120)
    obtained_by = TextField(
        _("Obtained by"), max_length=120, help_text=_("The study person, by role or staff code.")
    )
    # The person of the portal who obtained it, the role and the training that allowed it on that day.
    obtainer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("obtained by (account)"),
    )
    delegation = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    training = models.ForeignKey(
        DelegationDocument, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    witness = TextField(
        _("Impartial witness"), max_length=120, help_text=_("By role; never a patient's name.")
    )
    witness_relation = CodedField(_("Who the witness is"), codes=WitnessRelation, required=False)
    audio_visual = CodedField(_("Audio-visual recording"), codes=AudioVisual)
    recording_sha256 = TextField(_("SHA-256 of the recording"), max_length=64, required=False)
    recording_reason = TextField(_("Why there is no recording"), max_length=200, required=False)
    copy_given = YesNoField(_("Signed copy given"))
    withdrawal_scopes = MultiCodedField(_("What is withdrawn"), codes=WithdrawalScope, required=False)
    data_retained = YesNoField(_("Data collected so far are retained"), required=False)
    as_it_happened = NoteField(
        _("Why it is recorded although a rule was broken"),
        required=False,
        help_text=_("What happened is recorded as it happened; the rule that was broken becomes a finding."),
    )
    concerns = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="about_it",
        verbose_name=_("signature concerned"),
    )
    corrects = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="corrections",
        verbose_name=_("entry corrected"),
    )
    note = NoteField(_("Note"), required=False)
    absent = models.JSONField(_("absent values"), default=dict, blank=True)
    entered_at = models.DateTimeField(_("entered at"), editable=False)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        verbose_name=_("entered by"),
    )
    road = models.CharField(_("entered through"), max_length=12, blank=True, editable=False)

    # The chain (chain.py): the number of the entry in the study, and what binds it to the one before.
    sequence = models.BigIntegerField(_("number in the chain"), unique=True, editable=False)
    salt = models.CharField(max_length=32, editable=False)
    content_sha256 = models.CharField(max_length=64, editable=False)
    previous_sha256 = models.CharField(max_length=64, editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, unique=True, editable=False)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent event")
        verbose_name_plural = _("consent events")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=Kind.values),
                name="consentevent_known_kind",
                violation_error_message=_("Unknown kind of entry."),
            ),
            models.CheckConstraint(
                condition=Q(kind=Kind.CORRECTION, corrects__isnull=False)
                | (~Q(kind=Kind.CORRECTION) & Q(corrects__isnull=True)),
                name="consentevent_correction_names_entry",
                violation_error_message=_(
                    "A correction names the entry that it corrects, and nothing else does."
                ),
            ),
            models.CheckConstraint(
                condition=Q(concerns__isnull=True) | Q(kind__in=ABOUT_A_SIGNATURE),
                name="consentevent_concerns_a_signature",
                violation_error_message=_(
                    "Only a witness, a recording and a copy concern a signature that was entered before."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(kind=Kind.WITHDRAWAL) | Q(withdrawal_scopes__len__gt=0),
                name="consentevent_withdrawal_has_scope",
                violation_error_message=_("A withdrawal says what is withdrawn."),
            ),
            models.CheckConstraint(
                condition=~Q(kind=Kind.LAR_CONSENT) | Q(signer__isnull=True) | ~Q(signer=Signer.PARTICIPANT),
                name="consentevent_representative_signs",
                violation_error_message=_("A representative signs this consent, not the participant."),
            ),
        ]
        indexes = [
            models.Index(fields=["participant", "id"]),
            models.Index(fields=["site", "id"]),
            # The feed of one site reads from any number on, however few of the study's entries are its own.
            models.Index(fields=["site", "sequence"], name="consentevent_site_sequence"),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.pk})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("An entry of the consent log is final. Add a correction that names it.")
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        # Numbered and inserted in one transaction, in which everybody else waits in line (chain.py).
        with transaction.atomic(using=using):
            chain.prepare([self], using)
            # Its id is given already, and Django would first look for a row to update.
            super().save(*args, **(kwargs | {"force_insert": True}))

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("An entry of the consent log is never deleted. Add a correction that names it.")

    @classmethod
    def fields_entered(cls) -> dict[str, Any]:
        """Field name → field, for every value that a person states."""
        from studyportal.crf.fields import CrfField

        return {f.name: f for f in cls._meta.concrete_fields if isinstance(f, CrfField)}

    def as_event(self) -> Event:
        """The entry as the pure rules see it."""
        signed_on: Any = self.signed_on
        return Event(
            id=self.pk,
            kind=self.kind,
            purposes=None if self.purposes is None else tuple(self.purposes),
            session_number=self.session_number,
            document_version=self.document_version,
            document_language=self.document_language,
            ethics_approval_number=self.ethics_approval_number,
            ethics_approval_validity=self.ethics_approval_validity,
            signed_on=signed_on,
            signed_at=self.signed_at,
            age_at_signature=self.age_at_signature,
            signer=self.signer,
            lar_relationship_proof=self.lar_relationship_proof,
            declined=tuple(self.declined or ()),
            document_id=self.document_id,
            document_sha256=self.document_sha256,
            informed_at=self.informed_at,
            capacity=self.capacity,
            signer_relationship=self.signer_relationship,
            signer_can_read=self.signer_can_read,
            method=self.method,
            paper_sha256=self.paper_sha256,
            obtainer=self.obtainer_id,
            delegation=self.delegation_id,
            training=self.training_id,
            witness_relation=self.witness_relation,
            recording_sha256=self.recording_sha256,
            recording_reason=self.recording_reason,
            data_retained=self.data_retained,
            as_it_happened=self.as_it_happened or "",
            concerns=self.concerns_id,
            sequence=self.sequence,
            obtained_by=self.obtained_by,
            witness=self.witness,
            audio_visual=self.audio_visual,
            copy_given=self.copy_given,
            withdrawal_scopes=tuple(self.withdrawal_scopes or ()),
            corrects=self.corrects_id,
            note=self.note or "",
            entered_at=self.entered_at,
            entered_by=str(self.entered_by_id),
        )
