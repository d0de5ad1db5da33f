"""The sixteen questions of an ethics auditor, and how far the portal's records answer each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Item:
    """severity: the gravest that a finding of it can be. lacking: what the portal does not record yet, if anything;
    told: whether it can be answered at all from what is recorded."""

    number: int
    title: Any
    definition: Any
    severity: str
    lacking: Any = ""
    told: bool = True


ITEMS: tuple[Item, ...] = (
    Item(
        1,
        _("Valid consent before the first study procedure"),
        _(
            "Every signature that the age asks for was given before the first visit, harvest or infusion; screening tests"
            " and the glucose diary count. A signature dated on the day itself is undecided, not passed."
        ),
        "critical",
    ),
    Item(
        2,
        _("Version approved and current at signature, in the right language"),
        _("The document that was signed has its version, its language, and what was consented to."),
        "major",
        _(
            "Whether the version was the approved one on that day: there is no register of approved documents yet."
        ),
    ),
    Item(
        3,
        _("Each signature dated, no back-dating"),
        _("Each signature has a date to the day, and was entered within a week of it."),
        "major",
        _("Whether each signer wrote the date personally: only the paper shows it."),
    ),
    Item(
        4,
        _("Under 18: representative and age-right assent, relationship proven"),
        _(
            "Under 7 a representative consents; from 7 the child assents orally, from 13 in writing, beside the"
            " representative, whose relationship is proven. The ages are those of the protocol."
        ),
        "critical",
    ),
    Item(
        5,
        _("Turned 18: adult consent"),
        _("Who was consented for by a representative and is 18 now has signed as an adult."),
        "major",
    ),
    Item(
        6,
        _("Obtained by a delegated and trained person"),
        _("The entry names who obtained the signature."),
        "major",
        _(
            "Whether that person was delegated and trained on that day: there is no delegation log for it yet."
        ),
    ),
    Item(
        7,
        _("Witness where the signer cannot read"),
        _("A signer without schooling has an impartial witness."),
        "major",
        _("Whether the witness is independent of the study staff."),
    ),
    Item(
        8,
        _("Audio-visual recording where required"),
        _("The entry says whether a recording was required, and that it was made."),
        "major",
        _("The recording itself and its checksum."),
    ),
    Item(9, _("Signed copy given"), _("The participant or representative was given a signed copy."), "minor"),
    Item(
        10,
        _("Re-consent for each approved amendment"),
        _("Everyone in follow-up signed each approved amendment; the share and the delay are shown."),
        "major",
        _("Approved amendments with their dates: there is no register of approved documents yet."),
        told=False,
    ),
    Item(
        11,
        _("Withdrawn: nothing beyond the withdrawn scope"),
        _("After a withdrawal no visit, harvest or infusion took place that its scope ended."),
        "critical",
        _("Data that were entered after a withdrawal of new data, other than visits and treatment."),
    ),
    Item(
        12,
        _("Optional items honoured in samples and exports"),
        _("Samples and exports hold only participants who agreed to storage and to sharing."),
        "major",
        _("Samples and their use, and the list of participants in each export."),
        told=False,
    ),
    Item(
        13,
        _("Consent covers the harvest of each session"),
        _("On the day of each harvest a consent in force covered that session."),
        "critical",
    ),
    Item(
        14,
        _("Screened but not consented"),
        _(
            "Participants in screening without an entry of consent. Who was never registered stands in the screening log."
        ),
        "minor",
    ),
    Item(
        15,
        _("Enrolment during a lapsed ethics approval"),
        _("Each signature names the ethics approval; none was given, and nobody enrolled, after it lapsed."),
        "major",
        _("The approvals themselves: they are known only as far as the entries state them."),
    ),
    Item(
        16,
        _("Every correction visible with its reason"),
        _("A correction of the consent log names its entry and its reason; the first entry stays readable."),
        "major",
    ),
)
BY_NUMBER = {item.number: item for item in ITEMS}
