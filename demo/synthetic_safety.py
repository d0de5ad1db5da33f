"""What goes wrong with products and people of the demo, so that each thing that the portal guards against is seen. Pure.

Of the cohort a few cases are changed, by their number; nothing is drawn for it, so that everybody else stays as drawn. Two
further cases are between their sessions, as “Synthetic case 31”: of one a product was rejected and discarded, of the other
one stands in quarantine.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from demo.synthetic import Form, Person, Product, SyntheticParticipant

OFFSET = "+05:30"
# Kinds of what is shown.
SWAPPED_BAG = "swapped bag"  # near miss: the other product of the session is read at the bedside
EXPIRED_LOT = "expired lot"  # a lot past its expiry is refused, another is opened
EXCEPTIONAL = "exceptional release"  # viability below the specification, given all the same
LATE_GROWTH = "late growth"  # a culture grows after the infusion; the alert stands
LATE_GROWTH_ANSWERED = "late growth, acknowledged"
REJECTED = "rejected and discarded"
QUARANTINED = "quarantined"

# (case, session, component) → what it shows. Cases 1–5, 11–15 are Mumbai's, 6–10, 16–20 Pune's.
PRODUCTS: Mapping[tuple[int, int, str], str] = {
    (1, 1, "svf"): SWAPPED_BAG,
    (3, 1, "svf"): EXPIRED_LOT,
    (6, 1, "bm_mnc"): EXCEPTIONAL,
    (13, 2, "bm_mnc"): LATE_GROWTH,
    (16, 1, "svf"): LATE_GROWTH_ANSWERED,
    (32, 1, "svf"): REJECTED,
    (33, 1, "bm_mnc"): QUARANTINED,
}
VIABILITY = {EXCEPTIONAL: 66.5, REJECTED: 54.0, QUARANTINED: 61.0}
ORGANISM = {LATE_GROWTH: "Cutibacterium acnes", LATE_GROWTH_ANSWERED: "Staphylococcus epidermidis"}


@dataclass(frozen=True)
class Shown:
    """What the products of one person show: (session, component) → kind."""

    products: Mapping[tuple[int, str], str]

    def at(self, session: int, product: Product) -> str:
        return self.products.get((session, product.component), "")


def shown_by(person: Person) -> Shown:
    """Controls show nothing: they have no products."""
    of_case = PRODUCTS.items() if person.control is None else ()
    return Shown({key[1:]: kind for key, kind in of_case if key[0] == person.number})


def altered(person: Person, session: int, product: Product, day: dt.date) -> Product:
    """The product with what it shows. day: of the session."""
    kind = shown_by(person).at(session, product)
    if kind in VIABILITY:
        product = _with_viability(product, VIABILITY[kind])
    if kind == EXCEPTIONAL:
        assert product.release is not None
        return replace(
            product,
            release={
                "decision": "exceptional",
                "released_at": product.release["released_at"],
                "exceptional_reason": "Viability 66.5 % (at least 70 %). The harvest cannot be repeated under this"
                " anaesthesia, the number of viable cells lies within the plan, and there is no other product. Cultures"
                " of day 14 are awaited.",
                "exceptional_informed": ["physician", "participant"],
            },
        )
    if kind in ORGANISM:
        assert product.cultures is not None
        return replace(
            product, cultures={**product.cultures, "aerobic": "growth", "organism": ORGANISM[kind]}
        )
    if kind == REJECTED:
        return _held_back(
            product,
            release={
                "decision": "rejected",
                "released_at": _at(day, 13, 30),
                "reason_rejected": "Viability 54 % (at least 70 %), most cells clumped.",
            },
            discard=Form(
                "discard",
                {
                    "discarded_at": _at(day, 16, 10),
                    "reason_code": "rejected",
                    "note": "Out of specification; autologous, so of no use to anybody else.",
                    "discarded_by": "Cell technologist",
                    "witnessed_by": "Quality manager",
                    "volume_ml": _final_volume(product),
                    "destruction": "incinerated",
                },
            ),
        )
    if kind == QUARANTINED:
        return _held_back(product, release=None, discard=None)
    return product


def _held_back(product: Product, *, release: Mapping[str, Any] | None, discard: Form | None) -> Product:
    return replace(
        product,
        release=release,
        issue=(),
        infusion=None,
        happenings=(),
        observations=(),
        cultures=None,
        discard=discard,
    )


def _with_viability(product: Product, percent: float) -> Product:
    def changed(step: Any) -> Any:
        if isinstance(step, Form) and step.key == "viability":
            return Form(step.key, {**step.values, "viability_percent": f"{percent:.1f}"})
        if isinstance(step, Form) and step.key == "cell-counts":
            viable = float(step.values["tnc"]) * percent / 100
            return Form(step.key, {**step.values, "viable": f"{viable:.1f}"})
        return step

    return replace(product, before=tuple(changed(step) for step in product.before))


def _final_volume(product: Product) -> str:
    """What is left after the sample for the cultures."""
    volume = next(
        float(step.values["final_volume_ml"])
        for step in product.before
        if isinstance(step, Form) and step.key == "processing"
    )
    return f"{volume - 1:.1f}"


# --- Further cases ---------------------------------------------------------------------------------------


def in_treatment(until: dt.date) -> Iterator[SyntheticParticipant]:
    """Two cases between their sessions, of each of whom one product was not given."""
    from demo import synthetic_gaps

    for number, site, sex, age in ((32, "MUM", "female", 27), (33, "PUN", "male", 22)):
        yield synthetic_gaps.in_treatment(until, number=number, site=site, sex=sex, age=age)


# --- Events ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Report:
    """One report of a serious event; late_reason only where it is late."""

    kind: str
    recipient: str
    sent_at: str
    late_reason: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Story:
    """An adverse event from its beginning to its end.

    form None: the event that a visit reported, of this term. session, component: what it is linked to.
    """

    term: str
    form: Form | None = None
    session: int | None = None
    component: str = ""
    episode: Form | None = None
    follow_ups: tuple[Form, ...] = ()
    reports: tuple[Report, ...] = ()


def stories(planned: SyntheticParticipant, until: dt.date) -> Iterator[Story]:
    """The events of one person that have more to them than their form."""
    person = planned.person
    if person.control is not None:
        for _visit, _session, form in planned.events:
            if form.values["term"] == "dka":
                yield _ketoacidosis(dt.date.fromisoformat(form.values["onset_on"]), person.number)
        return
    if person.number == 15:
        yield _thrombosis(person.day0 + dt.timedelta(days=46))
    if person.number == 17:
        yield _severe_hypoglycaemia(person.day0 + dt.timedelta(days=112))
    if person.number == 33:
        yield _not_yet_reported(until)


def _at(day: dt.date, hour: int, minute: int = 0) -> str:
    return f"{day.isoformat()}T{hour:02d}:{minute:02d}:00{OFFSET}"


def _days(day: dt.date, n: int) -> dt.date:
    return day + dt.timedelta(days=n)


def _first_reports(day: dt.date, hour: int, *, late_reason: str = "") -> tuple[Report, ...]:
    return tuple(
        Report("initial", recipient, _at(day, hour, minute), late_reason=late_reason)
        for recipient, minute in (("ethics_committee", 5), ("sponsor", 15), ("regulator", 40))
    )


def _ketoacidosis(onset: dt.date, number: int) -> Story:
    """Serious, reported within a day, followed until it had resolved, analysed and answered in time."""
    return Story(
        "dka",
        episode=Form(
            "dka-episode",
            {
                "began_on": onset.isoformat(),
                "sampled_at": _at(onset, 19, 20),
                "known_diabetes": True,
                "glucose": "412",
                "ph": "7.18",
                "ph_venous": True,
                "bicarbonate": "11",
                "ketones_blood": "5.4",
                "ketonuria": "large",
                "mental_status": "drowsy",
                "precipitant": "infection",
                "treated_in": "Ward, insulin infusion for 22 hours",
                "criteria": "ada_2024",
                "absent": {"glucose_mmol": "not_applicable"},
            },
        ),
        follow_ups=(
            _follow_up(
                _days(onset, 2), "recovering", "3", "Ketones cleared, eats again.", due=_days(onset, 6)
            ),
            _follow_up(_days(onset, 6), "recovered", "3", "Discharged on day 5.", ended=_days(onset, 5)),
        ),
        reports=(
            *_first_reports(_days(onset, 1), 9),
            Report(
                "analysis", "ethics_committee", _at(_days(onset, 9), 11), reference=f"EC/SAE/{number:02d}"
            ),
            Report("opinion", "sponsor", _at(_days(onset, 12), 15)),
            Report(
                "opinion", "ethics_committee", _at(_days(onset, 24), 12), reference=f"EC/SAE/{number:02d}-2"
            ),
        ),
    )


def _follow_up(
    day: dt.date,
    outcome: str,
    grade: str,
    course: str,
    *,
    criteria: tuple[str, ...] = ("hospitalisation",),
    ended: dt.date | None = None,
    due: dt.date | None = None,
) -> Form:
    values: dict[str, Any] = {
        "seen_on": day.isoformat(),
        "aware_at": _at(day, 17),
        "grade": grade,
        "serious": True,
        "serious_criteria": list(criteria),
        "outcome": outcome,
        "action_taken": ["treated"],
        "course": course,
    }
    if ended is not None:
        values["ended_on"] = ended.isoformat()
    if due is not None:
        values["next_due_on"] = due.isoformat()
    return Form("adverse-event-follow-up", values)


def _serious(verbatim: str, term: str, onset: dt.date, aware_at: str, grade: str, **more: Any) -> Form:
    values: dict[str, Any] = {
        "verbatim": verbatim,
        "term": term,
        "onset_on": onset.isoformat(),
        "grade": grade,
        "grade_dictionary": "ctcae_5",
        "serious": True,
        "serious_criteria": ["hospitalisation"],
        "outcome": "recovering",
        "action_taken": ["treated"],
        "related_to_harvest": "unlikely",
        "related_to_product": "unlikely",
        "related_to_insulin": "unlikely",
        "related_to_disease": "unlikely",
        "expectedness": "unexpected",
        "reporter": "Participant",
        "aware_at": aware_at,
    }
    return Form("adverse-event", values | more)


def _thrombosis(onset: dt.date) -> Story:
    """Serious and reported too late, which keeps its reason and is a deviation."""
    known = _days(onset, 1)
    return Story(
        "thromboembolism",
        _serious(
            "Thrombosis of a superficial vein of the right forearm, at the place of the cannula",
            "thromboembolism",
            onset,
            _at(known, 10, 30),
            "2",
            related_to_product="possible",
            hospital_from=known.isoformat(),
            hospital_until=_days(known, 2).isoformat(),
            follow_up_due_on=_days(onset, 10).isoformat(),
        ),
        session=2,
        component="bm_mnc",
        follow_ups=(
            _follow_up(
                _days(onset, 10),
                "recovered",
                "2",
                "The vein is open in the ultrasound.",
                ended=_days(onset, 9),
            ),
        ),
        reports=_first_reports(
            _days(known, 3),
            16,
            late_reason="Admitted to another hospital over a holiday; the investigator read the discharge letter on the third day.",
        ),
    )


def _severe_hypoglycaemia(onset: dt.date) -> Story:
    """Level 3, reported in time; the analysis followed."""
    return Story(
        "hypoglycaemia_level_3",
        _serious(
            "Found unconscious in the morning; glucagon by the family",
            "hypoglycaemia_level_3",
            onset,
            _at(onset, 9, 10),
            "4",
            serious_criteria=["important_medical_event"],
            related_to_insulin="certain",
            expectedness="expected",
            expectedness_basis="Protocol: known course of type 1 diabetes on insulin",
            reporter="Family",
            action_taken=["treated", "insulin_changed"],
            outcome="recovered",
            ended_on=onset.isoformat(),
        ),
        episode=Form(
            "hypoglycaemia-episode",
            {
                "happened_at": _at(onset, 6, 40),
                "glucose": "31",
                "symptoms": ["unconscious"],
                "needed_help": True,
                "nocturnal": True,
                "treatment": ["glucagon"],
                "cause": "Bedtime dose as before, no supper",
                "criteria": "ada_ispad",
                "absent": {"glucose_mmol": "not_applicable"},
            },
        ),
        reports=(
            *_first_reports(onset, 18),
            Report("analysis", "ethics_committee", _at(_days(onset, 8), 11)),
        ),
    )


def _not_yet_reported(until: dt.date) -> Story:
    """Known since yesterday evening: its clocks run."""
    yesterday = _days(until, -1)
    return Story(
        "infusion_reaction",
        _serious(
            "Fever 39.4 °C and rigors two weeks after the first session, admitted for observation",
            "fever",
            yesterday,
            _at(yesterday, 20, 15),
            "3",
            outcome="not_recovered",
            hospital_from=yesterday.isoformat(),
            follow_up_due_on=_days(until, 2).isoformat(),
            related_to_product="possible",
            reporter="Emergency department",
        ),
    )
