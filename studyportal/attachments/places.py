"""What can have attachments: every form of the registry by itself, and what an app registers that is no form (a visit)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.http import Http404
from django.utils.translation import gettext as _

from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf.registry import UnknownForm, get
from studyportal.ui.parts import Text


@dataclass(frozen=True, slots=True)
class Place:
    """Something that attachments stand beside. model: label of a SiteScoped model with `participant` and
    `get_absolute_url`; permission: who may attach, besides recording identities."""

    key: str
    label: Text
    model: str
    permission: Permission = Permission.ENTER_DATA


_registered: dict[str, Place] = {}


def register(place: Place) -> Place:
    """In ready() of the app whose thing it is."""
    _registered[place.key] = place
    return place


def get_place(key: str) -> Place:
    """The place of a key: registered, or a form. Raises LookupError."""
    if key in _registered:
        return _registered[key]
    try:
        spec = get(key)
    except UnknownForm:
        raise LookupError(key) from None
    return Place(key, spec.title, spec.model._meta.label, spec.permission)


def label_of(key: str) -> str:
    try:
        return str(get_place(key).label)
    except LookupError:
        return key


def thing_or_404(user: User, key: str, pk: int) -> tuple[Place, Any]:
    """The place and its record, of a site where the person may read data."""
    try:
        place = get_place(key)
    except LookupError:
        raise Http404(_("Nothing of this kind has attachments.")) from None
    model: Any = apps.get_model(place.model)
    things = model._default_manager.select_related("participant", "site")
    return place, get_visible_or_404(things, user, Permission.VIEW_DATA, pk=pk)
