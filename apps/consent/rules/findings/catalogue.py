"""The sixteen questions of an ethics auditor (domain.md §5): what each asks, how grave, and what records cannot show. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from studyportal.words import said


@dataclass(frozen=True)
class Question:
    """severity: the gravest that a finding of it can be. limits: what no record of the portal can show, if anything."""

    number: int
    title: str
    definition: str
    severity: Literal["critical", "major", "minor"]
    limits: str = ""


QUESTIONS: tuple[Question, ...] = (
    Question(
        1,
        said("Valid consent before the first study procedure"),
        said(
            "Every signature that the age and the capacity ask for was given before the first visit,"
            " laboratory sample, glucose diary, harvest or infusion. A signature that has only a date, on"
            " the day of the procedure, is undecided, not passed."
        ),
        "critical",
    ),
    Question(
        2,
        said("Version approved and current at signature, in the right language"),
        said(
            "What was signed stands in the site's register of documents, was approved and in use on that"
            " day, is the form for this signature, has the same checksum, and is in the language that the"
            " signer reads best."
        ),
        "major",
    ),
    Question(
        3,
        said("Each signature dated, no back-dating"),
        said(
            "Each signature has a date to the day, comes after the information was given, and was entered"
            " within a week of its date, with the lag shown. One that was entered after the first"
            " procedure and is dated before it is undecided."
        ),
        "major",
        said("Whether each signer wrote the date personally: only the signed sheet shows it."),
    ),
    Question(
        4,
        said("Under 18: representative and age-right assent, relationship proven"),
        said(
            "The representative consents and the child assents as the protocol asks at that age, the"
            " relationship is proven, an assent that the child has outgrown is signed anew, and a dissent"
            " is respected."
        ),
        "critical",
    ),
    Question(
        5,
        said("Turned 18: adult consent"),
        said(
            "Whoever was consented for by a representative signs as an adult within the days of the"
            " protocol after the birthday, and nothing is done since the birthday without it. Readers who"
            " may not see identities are told by the year of birth, so much is undecided in the year of"
            " the birthday."
        ),
        "critical",
    ),
    Question(
        6,
        said("Obtained by a delegated and trained person"),
        said(
            "The entry names the account of who obtained the signature; on that day the person held a"
            " role at the site that may obtain consent, and a certificate of training for this study was"
            " valid."
        ),
        "major",
    ),
    Question(
        7,
        said("Witness where the signer cannot read"),
        said(
            "A signer who cannot read has an impartial witness, who is not study staff: neither by the"
            " stated relation nor by the name of an account."
        ),
        "major",
    ),
    Question(
        8,
        said("Audio-visual recording where required"),
        said(
            "Where the protocol asks for a recording, it was made and its checksum is in the log, or the"
            " reason for its absence."
        ),
        "major",
        said("The recording itself is kept by the site, not by the portal."),
    ),
    Question(
        9,
        said("Signed copy given"),
        said("For each consent a signed copy was given to the participant or the representative."),
        "minor",
    ),
    Question(
        10,
        said("Re-consent for each approved amendment"),
        said(
            "Whoever signed an earlier version and is followed signs each amendment that asks for it,"
            " within the days of the protocol. The share and the lag of each amendment are shown."
        ),
        "major",
    ),
    Question(
        11,
        said("Withdrawn: nothing beyond the withdrawn scope"),
        said(
            "After a withdrawal nothing was done or recorded that its scope ended: harvests and"
            " infusions, visits, forms, samples, contacts, shared data. Records of safety are always"
            " accepted."
        ),
        "critical",
    ),
    Question(
        12,
        said("Optional items honoured in samples and exports"),
        said(
            "For each optional item the person agreed or declined, and files for sharing hold only"
            " participants whose consent to sharing was in force when they left the portal."
        ),
        "major",
        said("Stored samples and images are not kept in the portal; the site's own lists show them."),
    ),
    Question(
        13,
        said("Consent covers the harvest of each session"),
        said("At each harvest and each infusion a consent in force covered that session."),
        "critical",
    ),
    Question(
        14,
        said("Screened but not consented"),
        said(
            "Everyone screened without a consent: participants in screening without an entry of consent,"
            " and people of the screening log who are open, or whose outcome has no reason."
        ),
        "minor",
    ),
    Question(
        15,
        said("Enrolment during a lapsed ethics approval"),
        said(
            "On the day of each signature and of the enrolment an approval of the site's ethics committee"
            " held."
        ),
        "major",
    ),
    Question(
        16,
        said("Every correction visible with its reason"),
        said(
            "A correction of the consent log names its entry and gives its reason; the first entry stays"
            " readable beside it."
        ),
        "major",
    ),
)
BY_NUMBER = {question.number: question for question in QUESTIONS}
NUMBERS = frozenset(BY_NUMBER)
