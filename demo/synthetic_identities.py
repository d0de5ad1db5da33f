"""Who a few synthetic participants would be. Pure. The names are words that nobody is called by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from demo.synthetic import SyntheticParticipant

# The label of the participant → a name that says that it is none, and a number of the hospital.
NAMES: Mapping[str, tuple[str, str]] = {
    "Synthetic case 01": ("Specimen Namunekar", "MUM/DEMO/1001"),
    "Synthetic case 02": ("Example Udaharan", "MUM/DEMO/1002"),
    "Synthetic case 03": ("Placeholder Kalpanik", "MUM/DEMO/1003"),
    "Synthetic case 08": ("Sample Chachani", "PUN-DEMO-2001"),
    "Synthetic case 09": ("Fictional Banavat", "PUN-DEMO-2002"),
}
ADDRESSES = {"MUM": "1 Demo Street\nMumbai 400000", "PUN": "1 Demo Lane\nPune 411000"}


def identity(planned: SyntheticParticipant) -> Mapping[str, str] | None:
    """What is typed on the page “Identity”; None for the most, whose identity nobody has recorded yet."""
    person = planned.person
    if person.label not in NAMES:
        return None
    name, number = NAMES[person.label]
    family = name.split()[-1]
    raw = {
        "full_name": name,
        "birth_date": _born(planned.enrolled_on, person.age).isoformat(),
        "hospital_number": number,
        # Numbers that begin with 00000 are given to nobody.
        "phone": f"+91 00000 {number[-4:]}0",
        "email": f"{name.split()[0].lower()}@example.org",
        "address": ADDRESSES[person.site],
    }
    signers = {str(event["signer"]) for event in planned.consents if event["kind"] == "lar_consent"}
    for relation in sorted(signers):
        raw |= {
            "guardian_name": f"Guardian {family}",
            "guardian_relation": relation.capitalize(),
            "guardian_phone": f"+91 00000 {number[-4:]}1",
        }
    return raw


def _born(on: dt.date, age: int) -> dt.date:
    """A birth date at which the person was that old on the day."""
    before = on - dt.timedelta(days=100)
    return before.replace(year=before.year - age, day=11)
