"""The forms of a product and of its way: identity, transport, discard."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.celldose import checks, contexts, custody_contexts, custody_gates, gates, locks, numbering, rules
from apps.celldose.crfs.groups import TREATED
from apps.celldose.models import (
    Aliquot,
    CellProduct,
    Container,
    Discard,
    HandOver,
    IdentityCheck,
)
from apps.celldose.rules import custody
from studyportal.access.permissions import Permission
from studyportal.crf.registry import register
from studyportal.crf.spec import About, CrfSpec, Section, ShowIf

CELL_PRODUCT = register(
    CrfSpec(
        model=CellProduct,
        key="cell-product",
        about=About.ALWAYS,
        title=_("Cell product"),
        description=_("The product of a harvest, known by its donation number from collection on."),
        parents=("harvest",),
        sections=(
            Section(_("Identity"), ("component", "product_identifier", "autologous_only")),
            Section(_("Planned dose"), ("planned_dose_low", "planned_dose_high")),
        ),
        rules=(
            rules.component_fits_tissue,
            rules.identified_unless_transcribed,
            numbering.identifier_reads_right,
        ),
        derive=rules.derive_product,
        context=contexts.product_context,
        permission=Permission.HANDLE_PRODUCTS,
        groups=TREATED,
    )
)


HAND_OVER = register(
    CrfSpec(
        model=HandOver,
        key="hand-over",
        about=About.ALWAYS,
        title=_("Hand-over"),
        description=_("Each time a product changes hands: from whom, to whom, where, when, how warm."),
        parents=("product",),
        sections=(
            Section(_("Which"), ("leg", "container")),
            Section(_("Handed over"), ("from_place", "given_by", "given_at")),
            Section(_("Received"), ("to_place", "received_by", "received_at", "condition")),
            Section(_("On the way"), ("temperature_min", "temperature_max", "remarks")),
        ),
        rules=(
            rules.temperatures_ordered,
            custody.received_after_given,
            rules.not_before_harvest("given_at"),
            rules.not_before_harvest("received_at"),
        ),
        checks=(
            checks.hand_over_temperature,
            checks.unlogged_gap,
            checks.received_in_order,
            checks.two_hands,
        ),
        context=custody_contexts.hand_over_context,
        gates=(custody_gates.hand_over_gate,),
        lock=locks.product_of_record,
        permission=Permission.HANDLE_PRODUCTS,
        groups=TREATED,
        repeats=True,
    )
)

CONTAINER = register(
    CrfSpec(
        model=Container,
        key="container",
        about=About.ALWAYS,
        title=_("Container"),
        description=_("A bag or syringe that holds the product or a part of it."),
        parents=("product",),
        sections=(
            Section(
                _("Container"),
                ("number", "kind", "volume_ml", "lot", "filled_at", "remarks"),
                help=_("All containers together hold no more than the product."),
            ),
        ),
        rules=(custody.more_than_nothing("volume_ml"), rules.not_before_harvest("filled_at")),
        checks=(checks.containers_beyond_product,),
        context=custody_contexts.container_context,
        gates=(custody_gates.container_gate,),
        lock=locks.product_of_record,
        permission=Permission.HANDLE_PRODUCTS,
        groups=TREATED,
        repeats=True,
    )
)

ALIQUOT = register(
    CrfSpec(
        model=Aliquot,
        key="aliquot",
        about=About.ALWAYS,
        title=_("Aliquot"),
        description=_("A part taken out of a container for a test or for storage."),
        parents=("container",),
        sections=(
            Section(_("Aliquot"), ("number", "purpose", "volume_ml", "taken_at")),
            Section(_("Where it is"), ("place", "temperature", "disposition", "disposed_at")),
        ),
        show_if={"disposed_at": ShowIf("disposition", ("used_up", "sent", "destroyed"))},
        rules=(custody.more_than_nothing("volume_ml"), custody.aliquot_times_ordered),
        checks=(checks.kept_without_place,),
        gates=(custody_gates.aliquot_gate,),
        lock=locks.product_of_container,
        permission=Permission.HANDLE_PRODUCTS,
        groups=TREATED,
        repeats=True,
    )
)

IDENTITY_CHECK = register(
    CrfSpec(
        model=IdentityCheck,
        key="identity-check",
        about=About.ALWAYS,
        title=_("Identity check"),
        description=_("Two people read the label and the participant's code, at each of four steps."),
        parents=("product",),
        sections=(
            Section(_("When and who"), ("step", "checked_at", "first_person", "second_person")),
            Section(_("What was read"), ("identifier_read", "participant_code_read", "matches")),
        ),
        rules=(rules.two_different_people, rules.not_before_harvest("checked_at")),
        checks=(checks.identity_mismatch,),
        derive=rules.derive_identity_check,
        context=contexts.identity_context,
        gates=(gates.identity_check_gate,),
        lock=locks.product_of_record,
        permission=Permission.HANDLE_PRODUCTS,
        groups=TREATED,
        repeats=True,
    )
)


DISCARD = register(
    CrfSpec(
        model=Discard,
        key="discard",
        about=About.ALWAYS,
        title=_("Discard"),
        parents=("product",),
        sections=(
            Section(
                _("Discard"),
                (
                    "discarded_at",
                    "reason_code",
                    "note",
                    "volume_ml",
                    "destruction",
                    "discarded_by",
                    "witnessed_by",
                ),
            ),
        ),
        rules=(rules.not_before_harvest("discarded_at"), rules.witness_is_another),
        checks=(checks.history, checks.discard_reason_fits, checks.discard_unwitnessed),
        context=contexts.discard_context,
        gates=(gates.discard_gate,),
        lock=locks.product_of_record,
        permission=Permission.HANDLE_PRODUCTS,
        groups=TREATED,
    )
)
