"""A person in plain, for as long as one action or one page needs it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NoReturn


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """Every value is text, empty when it is not known. It shows nothing of itself and cannot be stored by itself:
    what prints, logs, formats or pickles it gets no value."""

    full_name: str = ""
    birth_date: str = ""  # 2001-05-14, 2001-05 or 2001
    phone: str = ""
    email: str = ""
    address: str = ""
    guardian_name: str = ""
    guardian_relation: str = ""
    guardian_phone: str = ""
    hospital_number: str = ""

    def __repr__(self) -> str:
        return "<Person: not shown>"

    __str__ = __repr__

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("A person in plain goes into no cache, session or message.")


NAMES = tuple(field.name for field in fields(Person))
