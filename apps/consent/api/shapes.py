"""An entry of the consent log as the API sends and takes it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.consent.models import ConsentEvent, Kind
from studyportal.crf.serializers import AbsentSerializer, described

# What the portal says of an entry, and nobody sends.
READ_ONLY = (
    "id", "site", "document_sha256", "delegation", "training", "paper_sha256", "entered_at", "entered_by", "road",
    "sequence", "content_sha256", "previous_sha256", "sha256", "by",
)  # fmt: skip


class SheetField(serializers.JSONField):
    """A file within JSON: {"name": "sheet.pdf", "content": "…base64…"}."""


def _serializer() -> type[serializers.Serializer]:
    number = serializers.IntegerField
    members: dict[str, Any] = {
        "id": number(read_only=True),
        "participant": serializers.CharField(help_text="Participant code."),
        "site": serializers.CharField(read_only=True),
        "kind": serializers.ChoiceField(choices=Kind.choices),
        **{name: described(field) for name, field in ConsentEvent.fields_entered().items()},
        "document": serializers.CharField(
            required=False,
            allow_null=True,
            help_text="The words that were signed: number of the document in a language, or SHA-256 of its file or"
            " words. Left out: document_version and document_language are looked up in the site's register.",
        ),
        "document_sha256": serializers.CharField(read_only=True),
        "obtainer": serializers.CharField(
            required=False,
            allow_null=True,
            help_text="User name of the person who obtained it; the role of that day is found by the portal.",
        ),
        "delegation": number(read_only=True, allow_null=True, help_text="Entry of the delegation log."),
        "training": number(read_only=True, allow_null=True, help_text="Certificate of training of that day."),
        "concerns": number(
            required=False,
            allow_null=True,
            help_text="Id of the signature that a witness, a recording or a copy is about.",
        ),
        "corrects": number(
            required=False, allow_null=True, help_text="Id of the entry that this one corrects."
        ),
        "sheet": SheetField(
            write_only=True,
            required=False,
            allow_null=True,
            help_text='The signed sheet (PDF, PNG or JPEG) or the drawn signature (PNG): {"name": …, "content":'
            " base64}; beyond 1.8 MB send it as the file of multipart/form-data.",
        ),
        "paper_sha256": serializers.CharField(
            read_only=True, help_text="Of the signed sheet, which those who may know the person can open."
        ),
        "ticket": serializers.CharField(
            write_only=True,
            required=False,
            max_length=500,
            help_text="Anything that you send once: sent again by you, the first entry is answered.",
        ),
        "absent": AbsentSerializer(required=False),
        "entered_at": serializers.DateTimeField(read_only=True),
        "entered_by": serializers.CharField(read_only=True),
        "road": serializers.CharField(read_only=True, help_text="page, api, import, job or command."),
        "sequence": number(read_only=True, allow_null=True, help_text="Number in the study's chain."),
        "content_sha256": serializers.CharField(read_only=True, allow_null=True),
        "previous_sha256": serializers.CharField(read_only=True, allow_null=True),
        "sha256": serializers.CharField(read_only=True, allow_null=True),
    }
    members["__doc__"] = (
        "One entry of the consent log. Values that are left out are absent; `absent` gives reasons."
    )
    return type("ConsentEventSerializer", (serializers.Serializer,), members)


ConsentEventSerializer = _serializer()
# The same as multipart/form-data: lists as repeated members or with semicolons, `absent` as JSON text, and a file.
ConsentEventFormSerializer = type(
    "ConsentEventFormSerializer",
    (ConsentEventSerializer,),
    {
        "sheet": serializers.FileField(write_only=True, required=False),
        "absent": serializers.CharField(required=False),
    },
)


def as_json(event: ConsentEvent) -> dict[str, Any]:
    """event: with participant, site, entered_by and obtainer."""
    return {
        "id": event.pk,
        "participant": event.participant.code,
        "site": event.site.code,
        "kind": event.kind,
        **{
            name: field.as_json(getattr(event, name)) for name, field in ConsentEvent.fields_entered().items()
        },
        "document": None if event.document_id is None else str(event.document_id),
        "document_sha256": event.document_sha256,
        "obtainer": None if event.obtainer is None else event.obtainer.get_username(),
        "delegation": event.delegation_id,
        "training": event.training_id,
        "concerns": event.concerns_id,
        "corrects": event.corrects_id,
        "paper_sha256": event.paper_sha256,
        "absent": event.absent,
        "entered_at": event.entered_at,
        "entered_by": event.entered_by.get_username(),
        "road": event.road,
        "sequence": event.sequence,
        "content_sha256": event.content_sha256,
        "previous_sha256": event.previous_sha256,
        "sha256": event.sha256,
    }
