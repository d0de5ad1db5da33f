"""The record that a person reports a deviation about: of the participant, and no other's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from studyportal.crf.registry import UnknownForm, get


def asked(query: Mapping[str, Any], participant: Any) -> tuple[str, Any]:
    """Form key and record that an address names by form and record; ("", None) for none. Http404 for another's."""
    form, pk = str(query.get("form", "")), str(query.get("record", ""))
    if not form and not pk:
        return "", None
    record = of(form, pk, participant)
    if record is None:
        raise Http404(_("This participant has no such record."))
    return form, record


def of(form: str, pk: str, participant: Any) -> Any:
    """The record, None when the participant has none such."""
    try:
        spec = get(form)
    except UnknownForm:
        return None
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None
    return spec.model._default_manager.filter(participant=participant, pk=int(pk)).first()
