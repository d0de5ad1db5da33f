"""Follow-up, adverse events, products, near misses and deviations as DataFrames: where the ORM meets the safety tables.

Who is settled to be the same person as another participant is left out, and who asked for erasure or does not let what
was collected be retained: as in every analysis. A fixed number of queries.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from django.db.models import Max

from apps.celldose.models import (
    CellProduct,
    Discard,
    Infusion,
    Microbiology,
    NearMiss,
    Release,
    ReleaseEvaluation,
)
from apps.celldose.rules import CULTURES
from apps.enrolment.models import Participant
from apps.enrolment.rules import first_exit
from apps.enrolment.selectors import lives_of
from apps.outcomes import frames
from apps.outcomes.statistics.cohort import CENSORED_ON
from apps.outcomes.statistics.follow_up import EVENT_COLUMNS, PEOPLE_COLUMNS
from apps.outcomes.statistics.safety_course import DEVIATION_COLUMNS
from apps.outcomes.statistics.safety_products import NEAR_MISS_COLUMNS, PRODUCT_COLUMNS, RELEASED
from apps.outcomes.statistics.safety_set import Frames
from apps.safety.models import AdverseEvent, FollowUp
from apps.visits.models import Visit, VisitStatus
from studyportal.crf.partial_date import PartialDate
from studyportal.deviations.models import Deviation, DeviationState

Sites = Collection[int] | None


def read(site_ids: Sites, groups: Collection[str]) -> tuple[Frames, int]:
    """All frames of the sites (None: all), and how many participants are in none of the groups yet."""
    everybody = frames.participants_frame(site_ids)
    known = everybody["group"].isin(list(groups))
    people = everybody.loc[known].reset_index(drop=True)
    codes = frozenset(people["participant"])
    events, contacts = events_frame(site_ids, codes)
    products, near_misses = products_frame(site_ids, codes), near_misses_frame(site_ids, codes)
    found = Frames(
        people_frame(people, site_ids, contacts),
        events,
        products,
        near_misses,
        deviations_frame(site_ids, codes),
    )
    return found, int((~known).sum())


def people_frame(people: pd.DataFrame, site_ids: Sites, contacts: Mapping[str, dt.date]) -> pd.DataFrame:
    """PEOPLE_COLUMNS: one row per participant and time in a group. contacts: code → the last day of an adverse event.

    last_contact: the last day that is known of a visit, an infusion, an adverse event or its follow-up; of a date that is
    known in part the first day that it can be. exited_on: of a date known in part the first day too, so that no time is
    counted in which nobody may have been followed.
    """
    rows = list(_of(Participant, site_ids).select_related("site"))
    by_code = {person.code: person for person in rows}
    lives = lives_of(rows)
    seen = _last_contacts(site_ids)
    found = []
    for one in people.itertuples(index=False):
        person = by_code[one.participant]
        gone = first_exit(lives.get(person.pk, ()))
        last = _latest([seen.get(person.pk), contacts.get(one.participant)])
        found.append(
            (
                one.participant, one.group, one.site, bool(one.synthetic), _none(one.index_date), last,
                None if gone is None or gone.on is None else gone.on.earliest,
                "" if gone is None else gone.kind, _none(getattr(one, CENSORED_ON, None)),
            )
        )  # fmt: skip
    return _frame(found, PEOPLE_COLUMNS)


def events_frame(site_ids: Sites, codes: Collection[str]) -> tuple[pd.DataFrame, dict[str, dt.date]]:
    """EVENT_COLUMNS of the participants, in the order of entry; and the last day of an event of each participant."""
    asked = (
        "pk", "participant__code", "term", "verbatim", "onset_on", "ended_on", "grade", "grade_dictionary", "serious",
        "serious_criteria", "outcome", "action_taken", "related_to_harvest", "related_to_product", "related_to_insulin",
        "related_to_disease", "expectedness", "special_interest", "session_id", "product_id", "session__number",
        "product__component", "status",
    )  # fmt: skip
    rows, last = [], dict[str, dt.date]()
    found: Any = _of(AdverseEvent, site_ids).order_by("pk").values_list(*asked)
    for (pk, code, term, verbatim, onset, ended, grade, dictionary, serious, criteria, outcome, actions, harvest, product,
         insulin, disease, expected, special, session_id, product_id, session, component, status) in found:  # fmt: skip
        if code not in codes:
            continue
        rows.append(
            (
                pk, code, term, verbatim or "", _day(onset, "earliest"), _day(onset, "latest"), _whole_day(ended),
                float(grade) if grade else float("nan"), dictionary or "", serious, _joined(criteria), outcome or "",
                _joined(actions), harvest or "", product or "", insulin or "", disease or "", expected or "", special,
                session_id is not None or product_id is not None, session, component or "", status == "complete",
            )
        )  # fmt: skip
        day = _latest([last.get(code), _day(onset, "earliest"), _day(ended, "earliest")])
        if day is not None:
            last[code] = day
    follow_ups: Any = _of(FollowUp, site_ids).filter(seen_on__isnull=False)
    for code, day in follow_ups.values_list("participant__code").annotate(day=Max("seen_on")):
        last[code] = max(day, last.get(code, day))
    return _frame(rows, EVENT_COLUMNS), last


def products_frame(site_ids: Sites, codes: Collection[str]) -> pd.DataFrame:
    """PRODUCT_COLUMNS of the participants, in the order of entry. Seven queries."""
    evaluations: Any = _of(ReleaseEvaluation, site_ids).order_by("pk").values_list("product_id", "criteria")
    newest = dict(evaluations)
    decisions = dict(_of(Release, site_ids).order_by("pk").values_list("product_id", "decision"))
    discards = dict(_of(Discard, site_ids).order_by("pk").values_list("product_id", "reason_code"))
    infused = set(_of(Infusion, site_ids).values_list("product_id", flat=True))
    cultures: dict[int, str | None] = {}
    for product_id, gram, *read in (
        _of(Microbiology, site_ids).order_by("pk").values_list("product_id", "gram_stain", *CULTURES)
    ):
        cultures[product_id] = _culture(gram, read)
    rows = []
    found: Any = (
        _of(CellProduct, site_ids).select_related("participant", "site", "harvest__session").order_by("pk")
    )
    for one in found:
        if one.participant.code not in codes:
            continue
        pk, decision, culture = one.pk, decisions.get(one.pk) or None, cultures.get(one.pk)
        failing = [
            str(c.get("label") or c.get("key")) for c in newest.get(pk, ()) if c.get("outcome") == "fail"
        ]
        rows.append(
            (
                pk, one.product_identifier or "", one.participant.code, one.site.code, one.participant.synthetic,
                one.component or "", one.harvest.session.number, _made_on(one), pk in newest, ";".join(failing),
                decision, pk in infused, pk in discards, discards.get(pk) or "", culture,
                culture == "growth" and (decision in RELEASED or pk in infused),
            )
        )  # fmt: skip
    return _frame(rows, PRODUCT_COLUMNS)


def near_misses_frame(site_ids: Sites, codes: Collection[str]) -> pd.DataFrame:
    """NEAR_MISS_COLUMNS of products of the participants, oldest first."""
    found = _of(NearMiss, site_ids).select_related("product__participant", "product__site").order_by("pk")
    rows = [
        (
            one.product_id, one.product.participant.code, one.product.site.code, one.product.participant.synthetic,
            one.product.component or "", one.step, one.code,
            one.at.astimezone(ZoneInfo(one.product.site.timezone)).date(),
        )
        for one in found
        if one.product.participant.code in codes
    ]  # fmt: skip
    return _frame(rows, NEAR_MISS_COLUMNS)


def deviations_frame(site_ids: Sites, codes: Collection[str]) -> pd.DataFrame:
    """DEVIATION_COLUMNS of those that stand; the day is that of the happening, or on which it was raised."""
    found: Any = _of(Deviation, site_ids).exclude(state=DeviationState.WITHDRAWN).order_by("pk")
    rows = [
        (code, classification, kind, occurred_on or raised_at.date(), synthetic)
        for code, classification, kind, occurred_on, raised_at, synthetic in found.values_list(
            "participant__code",
            "classification",
            "kind",
            "occurred_on",
            "raised_at",
            "participant__synthetic",
        )
        if code in codes
    ]
    return _frame(rows, DEVIATION_COLUMNS)


def latest_change(site_ids: Sites) -> dt.datetime | None:
    """When anything that the tables read last changed: the moment they are as of."""
    moments = [frames.latest_change(site_ids)]
    for model, column in (
        (AdverseEvent, "updated_at"), (FollowUp, "updated_at"), (CellProduct, "updated_at"), (Release, "updated_at"),
        (Discard, "updated_at"), (Infusion, "updated_at"), (Microbiology, "updated_at"),
        (ReleaseEvaluation, "evaluated_at"), (NearMiss, "at"), (Deviation, "updated_at"),
    ):  # fmt: skip
        moments.append(_of(model, site_ids).aggregate(at=Max(column))["at"])
    return max((at for at in moments if at is not None), default=None)


def _of(model: Any, site_ids: Sites) -> Any:
    rows = model._default_manager.all()
    return rows if site_ids is None else rows.filter(site_id__in=site_ids)


def _last_contacts(site_ids: Sites) -> dict[int, dt.date]:
    """Participant id → the last day of a visit that was made or of an infusion."""
    last: dict[int, dt.date] = {}
    visits: Any = _of(Visit, site_ids).filter(status=VisitStatus.DONE, happened_on__isnull=False)
    for pk, happened_on in visits.values_list("participant_id", "happened_on"):
        day = _day(happened_on, "earliest")
        if day is not None:
            last[pk] = max(day, last.get(pk, day))
    given = _of(Infusion, site_ids).filter(started_at__isnull=False)
    for pk, at, zone in given.values_list("participant_id", "started_at", "site__timezone"):
        day = at.astimezone(ZoneInfo(zone)).date()
        last[pk] = max(day, last.get(pk, day))
    return last


def _made_on(product: CellProduct) -> dt.date | None:
    harvest = product.harvest
    if harvest.ended_at is not None:
        return harvest.ended_at.astimezone(ZoneInfo(product.site.timezone)).date()  # type: ignore[no-any-return]
    return _day(harvest.session.performed_on, "earliest")


def _culture(gram: str | None, cultures: Iterable[str | None]) -> str | None:
    """What microbiology comes to: growth as soon as anything grew or was seen, no growth only when all are read."""
    read = list(cultures)
    if "growth" in read or gram == "positive":
        return "growth"
    if all(one == "no_growth" for one in read):
        return "no_growth"
    return "pending" if "pending" in read or "no_growth" in read else None


def _day(value: PartialDate | None, bound: str) -> dt.date | None:
    return None if value is None else getattr(value, bound)


def _whole_day(value: PartialDate | None) -> dt.date | None:
    """The day, when it is known to the day."""
    return value.earliest if value is not None and value.earliest == value.latest else None


def _latest(days: Iterable[dt.date | None]) -> dt.date | None:
    return max((day for day in days if day is not None), default=None)


def _joined(codes: Collection[str] | None) -> str:
    return ";".join(codes or ())


def _none(value: Any) -> Any:
    return None if value is None or pd.isna(value) else value


def _frame(rows: list[Any], columns: Collection[str]) -> pd.DataFrame:
    """Objects as they are: a day stays a day, and what is absent stays None."""
    return pd.DataFrame(rows, columns=list(columns), dtype=object)
