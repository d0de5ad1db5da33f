"""UCUM units that the portal knows, and the check digit of LOINC codes. Pure."""

from __future__ import annotations

import re

# Code → how people read it. UCUM: https://ucum.org. `{…}` are UCUM annotations (dimensionless);
# endotoxin units are `{EU}` because UCUM's `[EU]` means something else.
UNITS: dict[str, str] = {
    "%": "%",
    "1": "",
    "mmol/mol": "mmol/mol",
    "mg/dL": "mg/dL",
    "mmol/L": "mmol/L",
    "umol/L": "µmol/L",
    "ng/mL": "ng/mL",
    "nmol/L": "nmol/L",
    "pmol/L": "pmol/L",
    "ug/L": "µg/L",
    "g/dL": "g/dL",
    "g/L": "g/L",
    "mg/L": "mg/L",
    "U/L": "U/L",
    "[IU]": "IU",
    "[IU]/d": "IU/day",
    "[IU]/kg/d": "IU/kg/day",
    "[IU]/mL": "IU/mL",
    "u[IU]/mL": "µIU/mL",
    "{titer}": "titre",
    "{JDF'U}": "JDF units",
    "{INR}": "INR",
    "{EU}": "EU",
    "{EU}/mL": "EU/mL",
    "{EU}/kg": "EU/kg",
    "[pH]": "pH",
    "10*6": "×10⁶",
    "10*6/kg": "×10⁶/kg",
    "10*6/mL": "×10⁶/mL",
    "10*3/uL": "×10³/µL",
    "10*9/L": "×10⁹/L",
    "kg": "kg",
    "kg/m2": "kg/m²",
    "cm": "cm",
    "mL": "mL",
    "mm[Hg]": "mmHg",
    "/min": "/min",
    "/d": "/day",
    "min/wk": "min/week",
    "Cel": "°C",
    "[degF]": "°F",
    "[lb_av]": "lb",
    "[in_i]": "in",
    "s": "s",
    "min": "min",
    "h": "h",
    "d": "days",
    "wk": "weeks",
    "mo": "months",
    "a": "years",
    "mmol": "mmol",
    "ng/mL/min": "ng/mL/min",
}

_LOINC = re.compile(r"^(\d{1,7})-(\d)$")


def is_known_unit(code: str) -> bool:
    return code in UNITS


def readable(code: str) -> str:
    """The unit as people read it: `10*6/kg` → `×10⁶/kg`."""
    return UNITS.get(code, code)


def loinc_problem(code: str) -> str | None:
    """Why `code` is no LOINC code, or None. The digit after the hyphen is a mod-10 (Luhn) check digit.

    Source: LOINC Users' Guide, "Calculating mod 10 check digits".
    """
    found = _LOINC.match(code)
    if not found:
        return (
            f"{code!r} is not a LOINC code: digits, a hyphen and one check digit are expected, such as 4548-4"
        )
    digits, check = found.groups()
    total = 0
    for position, digit in enumerate(reversed(digits)):
        number = int(digit)
        if position % 2 == 0:
            number *= 2
            number = number - 9 if number > 9 else number
        total += number
    expected = (10 - total % 10) % 10
    if expected != int(check):
        return f"{code!r} has a wrong check digit: a LOINC code that begins with {digits} ends in -{expected}"
    return None
