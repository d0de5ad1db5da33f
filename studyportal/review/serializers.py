"""What the API of the review takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from studyportal.api.strict import StrictSerializer
from studyportal.review import selectors
from studyportal.review.models import Act, Mark, Source
from studyportal.review.rules import ReviewState, Step


class StateSerializer(serializers.Serializer):
    """Where a record stands. `broken`: a verification was given and a later change broke it."""

    form = serializers.CharField()
    record = serializers.IntegerField()
    version = serializers.IntegerField()
    step = serializers.ChoiceField(choices=[step.value for step in Step])
    complete = serializers.BooleanField()
    verified = serializers.BooleanField()
    verified_fields = serializers.ListField(child=serializers.CharField())
    broken = serializers.BooleanField()
    broken_fields = serializers.ListField(child=serializers.CharField())
    signed = serializers.BooleanField()
    signature_broken = serializers.BooleanField()
    locked = serializers.BooleanField()
    frozen = serializers.BooleanField()
    changed_after_lock = serializers.BooleanField()


class MarkSerializer(serializers.Serializer):
    """One mark on a record: `field` empty for the whole form."""

    id = serializers.IntegerField()
    act = serializers.ChoiceField(choices=Mark.choices)
    field = serializers.CharField()
    version = serializers.IntegerField(source="record_version")
    method = serializers.ChoiceField(choices=Source.choices)
    note = serializers.CharField()
    by = serializers.CharField(source="by_name")
    at = serializers.DateTimeField()


class LockSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    act = serializers.ChoiceField(choices=Act.choices)
    version = serializers.IntegerField(source="record_version")
    reason = serializers.CharField()
    by = serializers.CharField(source="by_name")
    at = serializers.DateTimeField()


class ReviewSerializer(serializers.Serializer):
    """A record's review: where it stands, and everything that was done, newest first."""

    state = StateSerializer()
    verifications = MarkSerializer(many=True)
    locks = LockSerializer(many=True)


class OfFieldsSerializer(StrictSerializer):
    """A member called `fields`, which is a name of the framework: it is declared under another."""

    fields_ = serializers.ListField(
        child=serializers.CharField(max_length=63), required=False, max_length=200
    )

    def get_fields(self) -> Any:
        found = super().get_fields()
        found["fields"] = found.pop("fields_")
        return found


class VerifySerializer(OfFieldsSerializer):
    """fields: names of the form's fields that agree with the source; left out: the whole form."""

    method = serializers.ChoiceField(choices=Source.choices, default=Source.ON_SITE)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class TakeBackSerializer(OfFieldsSerializer):
    """fields: the fields whose marks are taken back; left out: the mark on the whole form."""

    reason = serializers.CharField(max_length=500)


class ReasonSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=500)


class LockingSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ProgressSerializer(serializers.Serializer):
    """Counts of one form at one site; expected: by the protocol, by now."""

    site = serializers.CharField()
    form = serializers.CharField()
    expected = serializers.IntegerField()
    records = serializers.IntegerField()
    complete = serializers.IntegerField()
    verified = serializers.IntegerField()
    signed = serializers.IntegerField()
    locked = serializers.IntegerField()


class ProgressListSerializer(serializers.Serializer):
    results = ProgressSerializer(many=True)


class WaitingSerializer(serializers.Serializer):
    form = serializers.CharField()
    record = serializers.IntegerField(source="id")
    version = serializers.IntegerField()
    participant = serializers.CharField()
    synthetic = serializers.BooleanField()
    site = serializers.CharField()
    visit = serializers.CharField()
    visit_id = serializers.IntegerField(allow_null=True)


class WaitingListSerializer(serializers.Serializer):
    """after: send it as `?after=` for the next rows; empty at the end."""

    results = WaitingSerializer(many=True)
    after = serializers.CharField()


class RefusedRecordSerializer(serializers.Serializer):
    form = serializers.CharField()
    record = serializers.IntegerField()
    why = serializers.ListField(child=serializers.CharField())


class VisitClosedSerializer(serializers.Serializer):
    """locked, frozen: as the visit stands now; refused: the records that are not ready, with what is missing."""

    locked = serializers.BooleanField()
    frozen = serializers.BooleanField()
    refused = RefusedRecordSerializer(many=True)


class FreezeSerializer(serializers.Serializer):
    """site null: the whole study."""

    site = serializers.CharField(allow_null=True)
    by = serializers.CharField()
    at = serializers.DateTimeField()
    reason = serializers.CharField()


class FreezeListSerializer(serializers.Serializer):
    results = FreezeSerializer(many=True)


class FreezingSerializer(StrictSerializer):
    """site: its code; null or left out: the whole study. act: freeze or lift."""

    site = serializers.CharField(max_length=20, required=False, allow_null=True, default=None)
    act = serializers.ChoiceField(choices=["freeze", "lift"])
    reason = serializers.CharField(max_length=500)


def state_json(form: str, pk: int, state: ReviewState) -> dict[str, Any]:
    return {
        "form": form,
        "record": pk,
        "version": state.version,
        "step": state.step.value,
        "complete": state.complete,
        "verified": state.verified,
        "verified_fields": sorted(state.verified_fields),
        "broken": state.broken,
        "broken_fields": sorted(state.broken_fields),
        "signed": state.signed,
        "signature_broken": state.signature_broken,
        "locked": state.locked,
        "frozen": state.frozen,
        "changed_after_lock": state.changed_after_lock,
    }


def review_json(form: str, pk: int) -> dict[str, Any]:
    return {
        "state": state_json(form, pk, selectors.states({form: [pk]})[form, pk]),
        "verifications": MarkSerializer(selectors.verifications_on(form, pk), many=True).data,
        "locks": LockSerializer(selectors.locks_on(form, pk), many=True).data,
    }
