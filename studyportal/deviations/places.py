"""What the record behind a deviation is called and where it is read. Forms are known by themselves; what is no form of
the registry (a visit, the eligibility of a screening) its app registers here when it is ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from studyportal.crf.registry import UnknownForm, get
from studyportal.ui.parts import Text


@dataclass(frozen=True, slots=True)
class Place:
    """url(deviation): the page of the record, "" for none; it asks no query beyond the deviation's participant."""

    form: str
    label: Text
    url: Callable[[Any], str] | None = None


_registered: dict[str, Place] = {}


def register(place: Place) -> Place:
    _registered[place.form] = place
    return place


def label_of(form: str) -> str:
    """The words for a form key; "" for a deviation about no record."""
    if not form:
        return ""
    if form in _registered:
        return str(_registered[form].label)
    try:
        return str(get(form).title)
    except UnknownForm:
        return form


def url_of(deviation: Any) -> str:
    """Where the record is read, for who may read data; "" when there is none."""
    form, pk = deviation.form, deviation.object_id
    if not form or pk is None:
        return ""
    if form in _registered:
        place = _registered[form]
        return place.url(deviation) if place.url is not None else ""
    try:
        get(form)
    except UnknownForm:
        return ""
    return reverse("crf:edit", args=[form, pk])
