"""What was uploaded, and the verdict on each of its rows."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from studyportal.access.models import SiteScoped
from studyportal.audit import tracked
from studyportal.imports import registry
from studyportal.imports.addresses import address_of


class UploadState(models.TextChoices):
    PREVIEWED = "previewed", _("To be committed")
    COMMITTED = "committed", _("Committed")
    ABANDONED = "abandoned", _("Abandoned")


class VerdictKind(models.TextChoices):
    READY = "ready", _("New")
    SAME = "same", _("Already there")
    CHANGED = "changed", _("Other values")
    REFUSED = "refused", _("Refused")


@tracked
class Upload(SiteScoped):
    """A file that was read: what it was, how many of its rows have which verdict, and what became of it.

    The counts are those of the last judgement: of the upload, then of the commit. `moved` says what changed between
    the two: {"ready same": 3}.
    """

    importer = models.CharField(_("import"), max_length=60)
    file_name = models.CharField(_("file"), max_length=150)
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveBigIntegerField(_("bytes"))
    encoding = models.CharField(_("encoding"), max_length=20)
    delimiter = models.CharField(_("separator"), max_length=1)
    header = ArrayField(models.TextField(), verbose_name=_("headings"))
    columns = ArrayField(models.CharField(max_length=80), verbose_name=_("columns"))
    left_out = ArrayField(models.TextField(), default=list, verbose_name=_("columns left out"))

    rows = models.PositiveIntegerField(_("rows"))
    ready = models.PositiveIntegerField(_("new"))
    same = models.PositiveIntegerField(_("already there"))
    changed = models.PositiveIntegerField(_("other values"))
    refused = models.PositiveIntegerField(_("refused"))

    state = models.CharField(_("state"), max_length=10, choices=UploadState, default=UploadState.PREVIEWED)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("uploaded by")
    )
    uploaded_at = models.DateTimeField(_("uploaded at"), auto_now_add=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("committed or abandoned by"),
    )
    settled_at = models.DateTimeField(_("committed or abandoned at"), null=True)
    job = models.ForeignKey(
        "jobs.Job", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("job")
    )
    added = models.PositiveIntegerField(_("rows added"), default=0)
    overwritten = models.PositiveIntegerField(_("rows overwritten"), default=0)
    moved = models.JSONField(_("judged otherwise at the commit"), default=dict)

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=UploadState.values),
                name="upload_known_state",
                violation_error_message=_("Unknown state of an upload."),
            ),
            models.CheckConstraint(
                condition=Q(
                    rows=models.F("ready") + models.F("same") + models.F("changed") + models.F("refused")
                ),
                name="upload_every_row_judged",
                violation_error_message=_("Every row has one verdict."),
            ),
            models.CheckConstraint(
                condition=Q(state="previewed", settled_at=None)
                | (~Q(state="previewed") & Q(settled_at__isnull=False)),
                name="upload_settled_at",
                violation_error_message=_("What is committed or abandoned has its time."),
            ),
        ]
        indexes = [models.Index(fields=["importer", "site", "sha256"], name="upload_of_file")]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return address_of(self.declared, "upload", self.pk)

    @property
    def declared(self) -> registry.Importer:
        return registry.get(self.importer)

    @property
    def at_work(self) -> bool:
        """Whether a job is committing it."""
        return self.state == UploadState.PREVIEWED and self.job is not None and not self.job.has_ended


class UploadRow(SiteScoped):
    """A row of an upload as its file has it, under the columns that the import knows, with the verdict on it."""

    not_a_record = "what a file said; the records that were made of it have their own history, and it goes when abandoned"

    upload = models.ForeignKey(Upload, on_delete=models.PROTECT, related_name="judged")
    line = models.PositiveIntegerField(_("line"))
    verdict = models.CharField(_("verdict"), max_length=8, choices=VerdictKind)
    cells = ArrayField(models.TextField(), verbose_name=_("cells"))
    problems = models.JSONField(_("problems"), default=list)
    differences = models.JSONField(_("differences"), default=list)
    written_as = models.CharField(_("written as"), max_length=60, blank=True, default="")

    class Meta:
        verbose_name = _("row of an upload")
        verbose_name_plural = _("rows of uploads")
        ordering = ["line"]
        constraints = [
            models.UniqueConstraint(
                fields=["upload", "line"],
                name="upload_row_once",
                violation_error_message=_("A line of a file is one row."),
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=VerdictKind.values),
                name="upload_row_known_verdict",
                violation_error_message=_("Unknown verdict."),
            ),
        ]
        indexes = [models.Index(fields=["upload", "verdict", "line"], name="upload_row_by_verdict")]

    def __str__(self) -> str:
        return f"{self.upload_id}:{self.line}"
