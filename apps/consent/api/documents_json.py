"""Consent documents as the API describes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.consent.models import (
    ConsentDocument,
    ConsentDocumentText,
    DocumentKind,
    DocumentPurpose,
    DocumentState,
    ReconsentWhom,
)
from apps.consent.rules import documents as rules

STANDINGS = ["current", "superseded", "not_yet", "not_approved", "withdrawn", "approval_lapsed"]


class StoredFileSerializer(serializers.Serializer):
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()


class ConsentDocumentTextSerializer(serializers.Serializer):
    """The document in one language."""

    id = serializers.IntegerField(help_text="What an entry of the consent log names as its document.")
    language = serializers.CharField()
    file = StoredFileSerializer(allow_null=True)
    text_sha256 = serializers.CharField(
        allow_blank=True, help_text="Of the words; empty when there are none."
    )
    approved_at = serializers.DateTimeField(allow_null=True)


class WordsSerializer(serializers.Serializer):
    """The words of a document in one language, as the screen shows them."""

    language = serializers.CharField(read_only=True)
    words = serializers.CharField(help_text="Plain text; an empty line begins a paragraph.")
    text_sha256 = serializers.CharField(read_only=True, help_text="SHA-256 of the words in UTF-8.")


class FileSerializer(serializers.Serializer):
    """The document as `multipart/form-data`."""

    file = serializers.FileField(help_text="A PDF, PNG or JPEG of at most 10 MB.")


class StatementSerializer(serializers.Serializer):
    """From when a version is in use, and who signs again."""

    valid_from = serializers.DateField(
        required=False, allow_null=True, help_text="The first day on which it may be signed."
    )
    what_changed = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    reconsent_needed = serializers.BooleanField(
        required=False, allow_null=True, help_text="Whether those who signed the version before sign again."
    )
    reconsent_from = serializers.DateField(required=False, allow_null=True)
    reconsent_whom = serializers.ChoiceField(choices=ReconsentWhom.choices, required=False, allow_blank=True)


class ConsentDocumentSerializer(StatementSerializer):
    """One version of one document of a site, in all its languages. Once approved nothing of it changes."""

    id = serializers.IntegerField(read_only=True)
    site = serializers.CharField(help_text="Code of the site. Fixed.")
    kind = serializers.ChoiceField(choices=DocumentKind.choices, help_text="Fixed.")
    purpose = serializers.ChoiceField(choices=DocumentPurpose.choices, help_text="Fixed.")
    version_label = serializers.CharField(max_length=40)
    title = serializers.CharField(max_length=200)
    supersedes = serializers.IntegerField(
        required=False, allow_null=True, help_text="Id of the version before."
    )
    state = serializers.ChoiceField(choices=DocumentState.choices, read_only=True)
    standing = serializers.ChoiceField(
        choices=STANDINGS, read_only=True, help_text="Whether it may be signed today, by the site's own day."
    )
    superseded_from = serializers.DateField(read_only=True, allow_null=True)
    approval = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Id of the approval of the ethics committee."
    )
    approval_number = serializers.CharField(read_only=True, allow_blank=True)
    approved_at = serializers.DateTimeField(read_only=True, allow_null=True)
    approved_by = serializers.CharField(read_only=True, allow_null=True)
    withdrawn_from = serializers.DateField(read_only=True, allow_null=True)
    withdrawn_because = serializers.CharField(read_only=True, allow_blank=True)
    texts = ConsentDocumentTextSerializer(many=True, read_only=True)
    version = serializers.IntegerField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class ApproveSerializer(StatementSerializer):
    """By which approval, and what else is said; what is left out stands as the draft has it."""

    approval = serializers.IntegerField(help_text="Id of an approval of the site's ethics committee.")


class WithdrawSerializer(serializers.Serializer):
    from_on = serializers.DateField(help_text="The first day on which it may no longer be signed.")
    because = serializers.CharField(min_length=10, max_length=400)


class SiteInForceSerializer(serializers.Serializer):
    """What may be signed at a site on a day."""

    site = serializers.CharField()
    on = serializers.DateField()
    documents = ConsentDocumentSerializer(many=True)


class InForceSerializer(serializers.Serializer):
    sites = SiteInForceSerializer(many=True)


def file_json(text: ConsentDocumentText) -> dict[str, Any] | None:
    if text.file is None:
        return None
    return {name: getattr(text.file, name) for name in ("name", "content_type", "size", "sha256")}


def text_json(text: ConsentDocumentText) -> dict[str, Any]:
    return {
        "id": text.pk,
        "language": text.language,
        "file": file_json(text),
        "text_sha256": text.text_sha256,
        "approved_at": text.approved_at,
    }


def as_json(document: ConsentDocument, seen: rules.Document, standing: str) -> dict[str, Any]:
    """seen: the document as the register has it."""
    names = (
        "kind", "purpose", "version_label", "title", "state", "valid_from", "what_changed", "reconsent_needed",
        "reconsent_from", "reconsent_whom", "approved_at", "withdrawn_from", "withdrawn_because", "version",
        "created_at", "updated_at",
    )  # fmt: skip
    return {
        "id": document.pk,
        "site": document.site.code,
        **{name: getattr(document, name) for name in names},
        "standing": standing,
        "supersedes": document.supersedes_id,
        "superseded_from": seen.superseded_from,
        "approval": document.approval_id,
        "approval_number": document.approval.number if document.approval else "",
        "approved_by": document.approved_by.get_username() if document.approved_by else None,
        "texts": [text_json(text) for text in document.texts.all()],
    }
