"""Approvals, suspensions and standings as the API describes and gives them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.enrolment.models import ApprovalSuspension, SiteApproval, SuspensionKind
from apps.enrolment.rules import approvals as rules
from studyportal.audit.serializers import ReasonField


class SuspensionSerializer(serializers.Serializer):
    """What the authority took back of an approval, and whether it was lifted."""

    id = serializers.IntegerField(read_only=True)
    kind = serializers.ChoiceField(choices=SuspensionKind.choices)
    from_on = serializers.DateField(help_text="The first day on which the approval no longer held.")
    reason = serializers.CharField(max_length=400, help_text="Reason of the authority.")
    lifted_on = serializers.DateField(
        required=False, allow_null=True, help_text="The first day on which the approval holds again."
    )
    lift_reason = serializers.CharField(max_length=400, required=False, allow_blank=True)
    in_error = serializers.BooleanField(read_only=True)
    error_reason = serializers.CharField(read_only=True)
    version = serializers.IntegerField(read_only=True)


class SuspensionChangeSerializer(serializers.Serializer):
    """Either when and why it was lifted, or that it was entered in error."""

    lifted_on = serializers.DateField(required=False)
    lift_reason = serializers.CharField(max_length=400, required=False)
    in_error = serializers.BooleanField(required=False, help_text="Only true: for good.")
    reason = ReasonField(help_text="Why it is an error.")


class ApprovalDocumentSerializer(serializers.Serializer):
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()


class UploadSerializer(serializers.Serializer):
    """The document as `multipart/form-data`."""

    file = serializers.FileField(help_text="A PDF, PNG or JPEG of at most 10 MB.")
    reason = serializers.CharField(
        required=False, help_text="Why, when it takes the place of another document."
    )


class SiteApprovalSerializer(serializers.Serializer):
    """An approval of a site, or (waived) the waiver of one."""

    id = serializers.IntegerField(read_only=True)
    site = serializers.CharField(help_text="Code of the site. Fixed.")
    kind = serializers.CharField(help_text="A key of the protocol's approvals. Fixed.")
    waived = serializers.BooleanField(required=False, help_text="Fixed.")
    authority = serializers.CharField(max_length=160, help_text="Who gave it, or granted the waiver.")
    number = serializers.CharField(
        max_length=80, required=False, allow_blank=True, help_text="None for a waiver."
    )
    waiver_reason = serializers.CharField(max_length=400, required=False, allow_blank=True)
    approved_on = serializers.DateField()
    valid_from = serializers.DateField()
    valid_until = serializers.DateField(required=False, allow_null=True, help_text="The last day, included.")
    without_end = serializers.BooleanField(required=False, help_text="Said when there is no last day.")
    covers = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    supersedes = serializers.IntegerField(
        required=False, allow_null=True, help_text="Id of the approval that this one renews. Fixed."
    )
    document = ApprovalDocumentSerializer(read_only=True, allow_null=True)
    suspensions = SuspensionSerializer(many=True, read_only=True)
    in_error = serializers.BooleanField(
        required=False, help_text="Only true, in a PATCH of its own: for good."
    )
    error_reason = serializers.CharField(read_only=True)
    reason = ReasonField(help_text="Why a value that was given before changes, or why it is an error.")
    version = serializers.IntegerField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class StandingSerializer(serializers.Serializer):
    """How one kind stands on a day."""

    kind = serializers.CharField()
    label = serializers.CharField()
    state = serializers.ChoiceField(choices=["valid", "waived", "missing", "not_yet", "lapsed", "suspended"])
    approval = serializers.IntegerField(allow_null=True, help_text="Id of the approval that says so.")
    number = serializers.CharField(allow_blank=True)
    until = serializers.DateField(
        allow_null=True, help_text="The last day on which it holds without a break; of a lapsed one, held."
    )


class StartUpSerializer(serializers.Serializer):
    """Whether a site may enrol on a day."""

    site = serializers.CharField()
    on = serializers.DateField()
    may_enrol = serializers.BooleanField()
    approvals = StandingSerializer(many=True)


def suspension_json(one: ApprovalSuspension) -> dict[str, Any]:
    names = ("kind", "from_on", "reason", "lifted_on", "lift_reason", "in_error", "error_reason", "version")
    return {"id": one.pk} | {name: getattr(one, name) for name in names}


def document_json(approval: SiteApproval) -> dict[str, Any] | None:
    stored = approval.document
    if stored is None:
        return None
    return {name: getattr(stored, name) for name in ("name", "content_type", "size", "sha256")}


def as_json(approval: SiteApproval) -> dict[str, Any]:
    names = (
        "kind", "waived", "authority", "number", "waiver_reason", "approved_on", "valid_from", "valid_until",
        "without_end", "covers", "note", "in_error", "error_reason", "version", "created_at", "updated_at",
    )  # fmt: skip
    return {
        "id": approval.pk,
        "site": approval.site.code,
        "supersedes": approval.supersedes_id,
        "document": document_json(approval),
        "suspensions": [suspension_json(one) for one in approval.suspensions.all()],
        **{name: getattr(approval, name) for name in names},
    }


def standing_json(one: rules.Standing, label: str) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "label": label,
        "state": one.state,
        "approval": one.approval.id if one.approval else None,
        "number": one.approval.number if one.approval else "",
        "until": one.until,
    }
