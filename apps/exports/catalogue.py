"""Every dataset of the portal by its key: the tables, and one for each form."""

from __future__ import annotations

from functools import lru_cache

from django.utils.translation import get_language

from apps.exports import consent_tables, enrolment_tables, product_tables, query_tables, safety_tables, tables
from apps.exports.datasets import Dataset, of_form
from studyportal.crf import registry


def all_tables() -> list[Dataset]:
    return [
        enrolment_tables.screening_log(),
        enrolment_tables.eligibility_answers(),
        enrolment_tables.participants(),
        enrolment_tables.group_events(),
        tables.visits(),
        tables.consent_events(),
        tables.glucose_readings(),
        query_tables.queries(),
        query_tables.query_messages(),
        tables.signatures(),
        enrolment_tables.site_approvals(),
        consent_tables.consent_documents(),
        enrolment_tables.matched_sets(),
        product_tables.identity_readings(),
        product_tables.near_misses(),
        product_tables.release_evaluations(),
        safety_tables.safety_reports(),
        safety_tables.safety_clocks(),
        safety_tables.safety_alerts(),
        safety_tables.deviations(),
    ]


@lru_cache(maxsize=8)
def _catalogue(language: str | None) -> dict[str, Dataset]:
    found: dict[str, Dataset] = {}
    for dataset in [*all_tables(), *(of_form(spec) for spec in registry.all_specs())]:
        if dataset.key in found:
            raise ValueError(f"two datasets are called {dataset.key}")
        found[dataset.key] = dataset
    return found


def catalogue() -> dict[str, Dataset]:
    """Key → dataset, in the language in use: tables first, then the forms in the order of registration."""
    return _catalogue(get_language())
