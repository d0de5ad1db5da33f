"""Soft checks of the time before the study: what is unlikely is asked about, never refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apps.enrolment.rules.dates import certainly_before, least_days_between
from studyportal.crf.outcomes import Finding
from studyportal.words import said

Values = Mapping[str, Any]
Context = Mapping[str, Any]

# A stay beyond this is possible and rare: the seed's patient stayed a month.
LONG_STAY_DAYS = 60
# Insulin antibodies say nothing about autoimmunity from about two weeks after insulin began (working rule).
IAA_DAYS_AFTER_INSULIN = 14
# Weeks by which a stated duration of symptoms may differ from the dates beside it.
SYMPTOM_WEEKS_TOLERANCE = 4
INSULINS = frozenset({"basal_bolus", "premixed", "pump", "insulin"})


def insulin_before_diagnosis(values: Values, context: Context) -> Iterable[Finding]:
    if certainly_before(values.get("insulin_since"), values.get("diagnosed_on")):
        yield Finding(
            "insulin_since",
            "insulin_before_diagnosis",
            said("Insulin starts before the diagnosis. Check both dates with the source."),
        )


def not_type_one(values: Values, context: Context) -> Iterable[Finding]:
    kind = values.get("diabetes_type")
    if kind is not None and kind != "type_1":
        yield Finding(
            "diabetes_type",
            "not_type_1",
            said(
                "The study takes participants with type 1 diabetes. Is the type right, and is the"
                " participant eligible?"
            ),
        )


def autoimmunity_denied(values: Values, context: Context) -> Iterable[Finding]:
    if values.get("diabetes_type") == "type_1" and values.get("autoimmune") is False:
        yield Finding(
            "autoimmune",
            "type_1_not_autoimmune",
            said(
                "Type 1 diabetes without evidence of autoimmunity is unusual. Which antibodies were tested?"
            ),
        )


def stay_long(values: Values, context: Context) -> Iterable[Finding]:
    days = values.get("duration_days")
    if days is not None and days > LONG_STAY_DAYS:
        yield Finding(
            "duration_days",
            "stay_long",
            said("A stay of %(days)s days is unusually long. Is the duration right?", days=days),
        )


def ketoacidosis_not_in_history(values: Values, context: Context) -> Iterable[Finding]:
    """An admission for ketoacidosis and a medical history that denies it do not fit together."""
    if values.get("reason") == "dka" and context.get("dka_history") is False:
        yield Finding(
            "reason",
            "dka_denied_in_history",
            said("The medical history says that there was no ketoacidosis. Which of the two forms is right?"),
        )


def stay_after_enrolment(values: Values, context: Context) -> Iterable[Finding]:
    enrolled = getattr(values.get("participant"), "enrolled_on", None)
    if certainly_before(enrolled, values.get("admitted_on")):
        yield Finding(
            "admitted_on",
            "stay_after_enrolment",
            said(
                "This stay lies after enrolment. During the study a stay in hospital is an adverse event:"
                " record it there."
            ),
        )


def diagnosis_after_enrolment(values: Values, context: Context) -> Iterable[Finding]:
    """One of two records is wrong, and it need not be this one: so it is asked, not refused."""
    diagnosed, age = values.get("diagnosed_on"), context.get("age_at_enrolment")
    enrolled = getattr(values.get("participant"), "enrolled_on", None)
    older = diagnosed is not None and diagnosed.age is not None and age is not None and diagnosed.age > age
    if older or certainly_before(enrolled, diagnosed):
        yield Finding(
            "diagnosed_on",
            "diagnosis_after_enrolment",
            said(
                "The diagnosis lies after enrolment. Which is right: this date, the day of enrolment, or"
                " the age in the demographics?"
            ),
        )


def diagnosis_before_birth(values: Values, context: Context) -> Iterable[Finding]:
    """By the age at enrolment, which may be the wrong one of the two."""
    diagnosed, enrolled, age = (
        values.get("diagnosed_on"),
        getattr(values.get("participant"), "enrolled_on", None),
        context.get("age_at_enrolment"),
    )
    days = least_days_between(diagnosed, enrolled)
    if age is not None and days is not None and days > (age + 1) * 366:
        yield Finding(
            "diagnosed_on",
            "diagnosis_before_birth",
            said(
                "A participant of %(age)s years at enrolment was not born then. Which is right, the date"
                " or the age?",
                age=age,
            ),
        )


def symptoms_after_diagnosis(values: Values, context: Context) -> Iterable[Finding]:
    if certainly_before(values.get("diagnosed_on"), values.get("symptoms_began_on")):
        yield Finding(
            "symptoms_began_on",
            "symptoms_after_diagnosis",
            said("The symptoms begin after the diagnosis. Check both dates with the source."),
        )


def symptom_duration_agrees(values: Values, context: Context) -> Iterable[Finding]:
    weeks, began, diagnosed = (
        values.get("symptom_weeks"),
        values.get("symptoms_began_on"),
        values.get("diagnosed_on"),
    )
    least, most = least_days_between(began, diagnosed), _most_days_between(began, diagnosed)
    if weeks is None or least is None or most is None:
        return
    if not least / 7 - SYMPTOM_WEEKS_TOLERANCE <= weeks <= most / 7 + SYMPTOM_WEEKS_TOLERANCE:
        yield Finding(
            "symptom_weeks",
            "symptom_duration_disagrees",
            said(
                "The dates beside it make it %(least)s to %(most)s weeks. Which is right?",
                least=max(least, 0) // 7,
                most=max(most, 0) // 7,
            ),
        )


def _most_days_between(first: Any, second: Any) -> int | None:
    if first is None or second is None or first.earliest is None or second.latest is None:
        return None
    return int((second.latest - first.earliest).days)


def ketoacidosis_agrees_with_symptoms(values: Values, context: Context) -> Iterable[Finding]:
    """Ketoacidosis stands in two places of the form: as a symptom at onset, and as an event."""
    symptoms = values.get("symptoms_at_onset")
    if symptoms is None:
        return
    among = "ketoacidosis" in symptoms
    if values.get("dka_at_diagnosis") is True and not among:
        yield Finding(
            "symptoms_at_onset",
            "ketoacidosis_not_among_symptoms",
            said(
                "There was ketoacidosis at diagnosis, and it is not among the symptoms at onset. Which is"
                " right?"
            ),
        )
    if among and (values.get("dka_at_diagnosis") is False or values.get("dka_history") is False):
        yield Finding(
            "symptoms_at_onset",
            "ketoacidosis_only_among_symptoms",
            said(
                "Ketoacidosis is among the symptoms at onset, and denied for the time of diagnosis. Which"
                " is right?"
            ),
        )


def c_peptide_has_unit(values: Values, context: Context) -> Iterable[Finding]:
    reported = values.get("c_peptide_at_diagnosis")
    if reported is not None and values.get("c_peptide_unit") is None:
        yield Finding(
            "c_peptide_unit",
            "unit_missing",
            said(
                "A C-peptide of %(reported)s says nothing without its unit. Can the source tell?",
                reported=reported,
            ),
        )


def antibodies_fit_type(values: Values, context: Context) -> Iterable[Finding]:
    """context["antibodies"]: antibody → result, of the forms about antibodies at diagnosis."""
    results = [one for one in context.get("antibodies", {}).values() if one not in (None, "not_tested")]
    if not results:
        return
    if "positive" in results and values.get("autoimmune") is False:
        yield Finding(
            "autoimmune",
            "antibody_positive",
            said("An antibody was positive at diagnosis, and autoimmunity is denied. Which is right?"),
        )
    if all(one == "negative" for one in results) and values.get("diabetes_type") == "type_1":
        yield Finding(
            "diabetes_type",
            "antibodies_all_negative",
            said(
                "Every antibody that was tested at diagnosis was negative. Is it type 1, and was every"
                " antibody tested?"
            ),
        )


def treatment_fits_insulin(values: Values, context: Context) -> Iterable[Finding]:
    treatments = values.get("prior_treatments")
    if treatments and values.get("insulin_since") is not None and not INSULINS & set(treatments):
        yield Finding(
            "prior_treatments",
            "insulin_not_among_treatments",
            said("Insulin was begun before, and no insulin is among the treatments. Which regimen was it?"),
        )


def family_says_who(values: Values, context: Context) -> Iterable[Finding]:
    if values.get("family_history") is True and all(
        values.get(name) == ["none"] for name in ("family_type_1", "family_type_2")
    ):
        yield Finding(
            "family_history",
            "family_nobody",
            said("There is diabetes in the family, and nobody has type 1 or type 2. Which type is it?"),
        )


def pregnancy_fits_sex(values: Values, context: Context) -> Iterable[Finding]:
    if values.get("pregnancies") and context.get("sex") == "male":
        yield Finding(
            "pregnancies",
            "pregnancy_of_a_man",
            said("Pregnancies are counted, and the demographics say male. Which of the two forms is right?"),
        )


def insulin_antibody_interpretable(values: Values, context: Context) -> Iterable[Finding]:
    """context["insulin_since"]: partial date of the first insulin, or None."""
    days = least_days_between(context.get("insulin_since"), values.get("collected_on"))
    if values.get("antibody") == "iaa" and days is not None and days > IAA_DAYS_AFTER_INSULIN:
        yield Finding(
            "antibody",
            "insulin_antibody_after_insulin",
            said(
                "Insulin antibodies cannot be told from those against injected insulin. Was another"
                " antibody meant?"
            ),
        )


def antibody_taken_at_diagnosis(values: Values, context: Context) -> Iterable[Finding]:
    """A sample of the study itself is a laboratory result of its visit: here it would be lost to the analysis."""
    enrolled = getattr(values.get("participant"), "enrolled_on", None)
    if certainly_before(enrolled, values.get("collected_on")):
        yield Finding(
            "collected_on",
            "sample_of_the_study",
            said(
                "This sample was taken after enrolment: it is a laboratory result of a visit. Is the date"
                " right?"
            ),
        )


def antibody_number_has_unit(values: Values, context: Context) -> Iterable[Finding]:
    """context["units"]: the units that the protocol knows for this antibody."""
    reported, unit, known = values.get("reported"), values.get("unit"), context.get("units", ())
    if reported is None:
        return
    if unit is None:
        yield Finding(
            "unit",
            "unit_missing",
            said(
                "A result of %(reported)s says nothing without its unit. Can the source tell?",
                reported=reported,
            ),
        )
    elif known and unit not in known:
        yield Finding(
            "unit",
            "unit_unusual",
            said(
                "%(unit)s is not among the units that the protocol knows for this antibody: %(known)s. Is"
                " it written as in the source?",
                unit=unit,
                known=list(known),
            ),
        )
