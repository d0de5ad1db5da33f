"""What looks like the identity of a person: headings of columns, and texts in cells. Pure.

A list that a site keeps for itself carries names. Such a file is refused before anything of it is kept; a trap is
no proof, so the guide says as well what belongs into a column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# What stands where a cell held a phone number or an e-mail address: that text itself is kept nowhere.
REMOVED = "[removed: contact or number of a person]"

# A heading that has one of these words, whatever else stands there …
_WORDS = {
    "name", "names", "surname", "forename", "firstname", "lastname", "fullname", "middlename", "givenname", "mothername",
    "fathername", "guardian", "initials", "phone", "phones", "mobile", "telephone", "tel", "contact", "contacts", "whatsapp",
    "email", "mail", "dob", "birthdate", "birthday", "born", "birth", "mrn", "uhid", "aadhaar", "aadhar", "adhaar", "adhar",
    "abha", "passport", "pan", "voterid", "address", "street", "village", "pincode", "postcode", "zip",
    "नाम", "नाव", "पता", "पत्ता", "जन्म", "जन्मतिथि", "मोबाइल", "मोबाईल", "फोन", "दूरध्वनी", "आधार",
}  # fmt: skip
# … or whose letters are, or hold, these without spaces between.
_HELD = (
    "patientname", "participantname", "fullname", "firstname", "lastname", "dateofbirth", "birthdate", "dateofbirth",
    "hospitalno", "hospitalnum", "hospitalid", "hospnumber", "hospno", "ipnumber", "ipno", "opdno", "opno", "crno",
    "medicalrecord", "recordnumber", "phonenumber", "mobileno", "contactno", "emailaddress", "aadhaar", "aadhar",
)  # fmt: skip
# Names of what is no person.
_NO_PERSON = {
    "site", "centre", "center", "hospital", "study", "drug", "test", "analyte", "laboratory", "lab", "unit", "file",
}  # fmt: skip
# The vowel signs of Devanagari are no word characters for re.
_SPLIT = re.compile(r"[^\w\u0900-\u097f]+|_+|(?<=[a-z])(?=[A-Z])")
_TOGETHER = re.compile(r"(?:[^\w\u0900-\u097f]|_)+")

_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_DATES = re.compile(r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?\b")
# Ten digits or more, as they are written in groups: phone numbers, Aadhaar numbers.
_NUMBER = re.compile(r"(?<![\w.])[+(]?\d(?:[ ().\-]{0,2}\d){9,}(?![\w])")


def is_identity(heading: str) -> bool:
    """Whether a column with this heading holds who somebody is."""
    words = {word.casefold() for word in _SPLIT.split(heading) if word}
    together = _TOGETHER.sub("", heading.casefold())
    if together in _WORDS or any(held in together for held in _HELD):
        return True
    found = words & _WORDS
    return bool(found - {"name", "names"}) or (bool(found) and not words & _NO_PERSON)


def holds_contact(text: str) -> bool:
    """Whether a text holds an e-mail address, or a number as long as those of phones and identity cards."""
    if "@" in text and _MAIL.search(text):
        return True
    return bool(_NUMBER.search(text)) and bool(_NUMBER.search(_DATES.sub(" ", text)))


def headings_of_identity(headings: Iterable[str], *, known: Iterable[str]) -> list[str]:
    """The headings that are caught; known: those of the importer itself, which are asked for and hold none."""
    asked = set(known)
    return [heading for heading in headings if heading not in asked and is_identity(heading)]
