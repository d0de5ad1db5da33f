"""Soft checks of the cell product record, by topic: implausible values are saved and asked about. Pure.

Every check takes (values, context) and yields findings. Context members are named where they are used; all are
optional, and a check without its input finds nothing."""

from apps.celldose.checks.custody import (
    containers_beyond_product,
    hand_over_temperature,
    identity_mismatch,
    kept_without_place,
    received_in_order,
    two_hands,
    unlogged_gap,
)
from apps.celldose.checks.infusion import (
    dose_not_stated,
    dose_within_count,
    dose_within_plan,
    lost_superscript,
    reaction_reported,
    volume_balance,
)
from apps.celldose.checks.kinds import Check, Context, Values, history
from apps.celldose.checks.laboratory import (
    LEAST_MILLIONS,
    MOST_MILLIONS,
    cultures_read_early,
    microbiology_result,
    million_factor,
    reagent_expired,
    svf_yield,
    viable_agrees_with_viability,
)
from apps.celldose.checks.session import (
    DONOR_TEST_DAYS,
    SITES_OF_TISSUE,
    USUAL_HARVEST_ML,
    donor_test_day,
    donor_test_positive,
    harvest_site_fits_tissue,
    harvest_volume_usual,
    session_date_missing,
    session_date_precision,
    volume_is_a_range,
)

__all__ = [
    "DONOR_TEST_DAYS",
    "LEAST_MILLIONS",
    "MOST_MILLIONS",
    "SITES_OF_TISSUE",
    "USUAL_HARVEST_ML",
    "Check",
    "Context",
    "Values",
    "containers_beyond_product",
    "cultures_read_early",
    "donor_test_day",
    "donor_test_positive",
    "dose_not_stated",
    "dose_within_count",
    "dose_within_plan",
    "hand_over_temperature",
    "harvest_site_fits_tissue",
    "harvest_volume_usual",
    "history",
    "identity_mismatch",
    "kept_without_place",
    "lost_superscript",
    "microbiology_result",
    "million_factor",
    "reaction_reported",
    "reagent_expired",
    "received_in_order",
    "session_date_missing",
    "session_date_precision",
    "svf_yield",
    "two_hands",
    "unlogged_gap",
    "viable_agrees_with_viability",
    "volume_balance",
    "volume_is_a_range",
]
