"""What a client sends as an entry of the log: JSON or a form with a file, as `actions.record_event` takes it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _

from apps.consent.api.shapes import READ_ONLY
from apps.consent.models import ConsentDocumentText, ConsentEvent, Kind
from apps.enrolment.models import Participant
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.api import parsers
from studyportal.crf import fields as f
from studyportal.crf.api import payload
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.files.checks import Accepted, FileRefused, accept

LARGEST_KEY = 2**63


class SentFile(BytesIO):
    """A file within JSON, as an upload gives it."""

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)
        self.name: str | None = name
        self.size: int | None = len(content)


def read(request: Any) -> dict[str, Any]:
    """The arguments of `actions.record_event` but `by`. Raises CrfInvalid with everything that is wrong."""
    raw = _plain(request)
    problems = [
        Problem(name, "read_only", _("This is set by the portal; leave it out."))
        for name in READ_ONLY
        if name in raw
    ]
    participant = _participant(raw.pop("participant", None), request.user)
    kind = raw.pop("kind", None)
    if not isinstance(kind, str):
        problems.append(Problem("kind", "required", _("Kinds of entry: %s.") % ", ".join(Kind.values)))
    absent, ticket = raw.pop("absent", None), raw.pop("ticket", None)
    if ticket is not None and not (isinstance(ticket, str) and 0 < len(ticket) <= 500):
        problems.append(Problem("ticket", "type", _("A ticket is a text of at most 500 characters.")))
    given: dict[str, Any] = {
        name: _entry(name, raw.pop(name, None), participant, problems) for name in ("corrects", "concerns")
    }
    given["document"] = _document(raw.pop("document", None), participant, problems)
    given["obtainer"] = _obtainer(raw.pop("obtainer", None), participant, problems)
    given["sheet"] = _sheet(raw.pop("sheet", None), problems)
    if problems:
        raise CrfInvalid(problems)
    return {
        "participant": participant,
        "kind": kind,
        "ticket": ticket or "",
        "absent": {} if absent is None else absent,
        **given,
        **{str(name)[:80]: value for name, value in raw.items()},
    }


def _plain(request: Any) -> dict[str, Any]:
    """The members by name: of a form as text, lists as lists, the file as it came."""
    data = request.data
    if not isinstance(data, QueryDict):
        return dict(payload(request))
    raw: dict[str, Any] = {}
    many = {
        name for name, field in ConsentEvent.fields_entered().items() if isinstance(field, f.MultiCodedField)
    }
    twice = []
    for name, values in data.lists():
        if name in many:
            raw[name] = [part for value in values for part in str(value).split(";") if part.strip()]
        elif len(values) > 1:
            twice.append(Problem(name[:80], "twice", _("Send this once.")))
        else:
            raw[name] = values[0]
    if twice:
        raise CrfInvalid(twice)
    for name in ("corrects", "concerns"):
        text = raw.get(name)
        if isinstance(text, str):
            raw[name] = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else (text or None)
    if isinstance(raw.get("absent"), str):
        raw["absent"] = (
            parsers.read(raw["absent"].encode("utf-8", "replace")) if raw["absent"].strip() else {}
        )
    for name in ("document", "obtainer", "ticket", "sheet"):
        if raw.get(name) == "":
            del raw[name]
    return raw


def _participant(code: Any, user: User) -> Participant:
    """One whose consent the user may record."""
    found = None
    if isinstance(code, str) and code.isascii() and "\x00" not in code:
        visible = Participant.objects.visible_to(user, Permission.RECORD_CONSENT).select_related("site")
        found = visible.filter(code=code).first()
    if found is None:
        raise CrfInvalid(
            [
                Problem(
                    "participant",
                    "not_found",
                    _("Give the code of a participant whose consent you may record."),
                )
            ]
        )
    return found


def _key(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 < value < LARGEST_KEY else None


def _entry(name: str, given: Any, participant: Participant, problems: list[Problem]) -> ConsentEvent | None:
    if given is None:
        return None
    key = _key(given)
    found = None if key is None else ConsentEvent.objects.filter(participant=participant, pk=key).first()
    if found is None:
        problems.append(Problem(name, "not_found", _("This participant has no entry with this id.")))
    return found


def _document(given: Any, participant: Participant, problems: list[Problem]) -> ConsentDocumentText | None:
    """A text of the participant's own site, by its number or by the SHA-256 of its file or words."""
    if given is None:
        return None
    text = str(given) if isinstance(given, (int, str)) and not isinstance(given, bool) else ""
    texts = ConsentDocumentText.objects.filter(site_id=participant.site_id).select_related(
        "document__approval"
    )
    found = None
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) < LARGEST_KEY:
        found = texts.filter(pk=int(text)).first()
    elif len(text) == 64 and text.isascii() and text.isalnum():
        same = Q(file_sha256=text.lower()) | Q(text_sha256=text.lower())
        found = texts.filter(same).order_by("-id").first()
    if found is None:
        problems.append(
            Problem("document", "not_found", _("The register of this site has no such document. Look at it."))
        )
    return found


def _obtainer(given: Any, participant: Participant, problems: list[Problem]) -> User | None:
    """Somebody who has or had a role at the site, whatever it allowed."""
    if given is None:
        return None
    found = None
    if isinstance(given, str) and given.isprintable():
        of_site = Q(memberships__site_id=participant.site_id) | Q(
            memberships__isnull=False, memberships__site__isnull=True
        )
        found = User.objects.filter(of_site, username=given).distinct().first()
    if found is None:
        problems.append(
            Problem(
                "obtainer",
                "not_found",
                _(
                    "Nobody with this user name has or had a role at the site. Say in obtained_by who it was, and leave"
                    " this out."
                ),
            )
        )
    return found


def _sheet(given: Any, problems: list[Problem]) -> Accepted | None:
    if given is None:
        return None
    try:
        return accept(given if hasattr(given, "read") else _decoded(given), limit=settings.UPLOAD_LIMIT)
    except FileRefused as error:
        problems.append(Problem("sheet", error.code, str(error)))
        return None


def _decoded(given: Any) -> SentFile:
    if not isinstance(given, Mapping) or set(given) != {"name", "content"}:
        raise FileRefused("type", _("Send the file as {“name”: …, “content”: …}, its content as base64."))
    name, content = given["name"], given["content"]
    if not isinstance(name, str) or not isinstance(content, str):
        raise FileRefused("type", _("The name and the content of a file are texts."))
    try:
        return SentFile(name, base64.b64decode(content, validate=True))
    except (binascii.Error, ValueError):
        raise FileRefused("base64", _("The content of the file is no base64.")) from None
