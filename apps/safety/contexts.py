"""What checks and derivations of safety forms are told beside their own values: the one place where they ask the ORM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Max

from apps.celldose.models import Infusion
from apps.celldose.selectors import day_of_infusion
from apps.safety.checks.events import Episodes
from apps.safety.models import AdverseEvent, DkaEpisode, FollowUp, HypoglycaemiaEpisode, Outcome
from apps.safety.rules.follow_ups import Known
from apps.safety.suggestions import suggestion_of_event
from studyportal import protocol


def safety_review(record: Any) -> Mapping[str, Any]:
    return {"events": AdverseEvent.objects.filter(participant_id=record.participant_id).count()}


def special_interest() -> frozenset[str]:
    """Keys of the terms that the protocol names."""
    return frozenset(protocol.current().safety.special_interest)


def expected_terms() -> dict[str, str]:
    """Term → the document that lists it as expected, as the protocol has it."""
    return {one.term: one.basis for one in protocol.current().safety.expected}


def adverse_event(record: AdverseEvent) -> Mapping[str, Any]:
    """See `checks.events` for what each member means."""
    others = list(
        AdverseEvent.objects.filter(participant_id=record.participant_id)
        .exclude(pk=record.pk)
        .order_by("id")
        .values_list("pk", "term", "onset_on", "outcome", "ended_on")
    )
    return {
        "enrolled_on": record.participant.enrolled_on,
        "retrospective": record.participant.retrospective,
        "special_interest": special_interest(),
        "expected": expected_terms(),
        "suggestion": suggestion_of_event(record),
        "episodes": _episodes(record),
        "same_term": [
            (pk, onset) for pk, term, onset, *_ in others if term is not None and term == record.term
        ],
        "died_on": next(
            (ended for *_, outcome, ended in others if outcome == Outcome.FATAL and ended is not None), None
        ),
        "infusions": _infusions(record),
    }


def _episodes(record: AdverseEvent) -> Episodes:
    if record.pk is None:
        return Episodes()
    dka = DkaEpisode.objects.filter(event_id=record.pk).first()
    hypo = HypoglycaemiaEpisode.objects.filter(event_id=record.pk).first()
    return Episodes(
        dka=dka is not None,
        is_dka=dka.meets_criteria if dka is not None else None,  # type: ignore[arg-type]
        hypoglycaemia=hypo is not None,
        level=hypo.level if hypo is not None else None,  # type: ignore[arg-type]
    )


def _infusions(record: AdverseEvent) -> list[Any]:
    """The days of the infusions of the linked product or session, else of all sessions of the participant."""
    found = Infusion.objects.filter(participant_id=record.participant_id)
    if record.product_id is not None:
        found = found.filter(product_id=record.product_id)
    elif record.session_id is not None:
        found = found.filter(product__harvest__session_id=record.session_id)
    return [day_of_infusion(one) for one in found.select_related("product__harvest__session", "site")]


def follow_up(record: FollowUp) -> Mapping[str, Any]:
    """number: of this follow-up, the next one of its event when it is new. became_serious: it was not before."""
    number = record.number
    if number is None:
        taken = FollowUp.objects.filter(event_id=record.event_id).aggregate(Max("number"))["number__max"]
        number = (taken or 0) + 1
    known = known_before(record)
    return {"number": number, "became_serious": bool(record.serious) and known.serious is False}


def known_before(record: FollowUp) -> Known:
    """What the follow-up before says; of the first one, what the event says while this one is not recorded yet."""
    others = FollowUp.objects.filter(event_id=record.event_id).exclude(pk=record.pk)
    if record.number is not None:
        others = others.filter(number__lt=record.number)
    last = others.order_by("-number").first()
    if last is not None:
        return Known(last.seen_on, last.outcome, last.serious)  # type: ignore[arg-type]
    if record.pk is not None:
        return Known(None, None, None)
    return Known(None, record.event.outcome, record.event.serious)  # type: ignore[arg-type]


def episode(record: Any) -> Mapping[str, Any]:
    return {"term": record.event.term, "onset_on": record.event.onset_on}
