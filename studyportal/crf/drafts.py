"""Drafts: what a person typed into a form survives the tab, the browser and the end of the session.

Two roads lead here. The page of a form sends what is typed every few seconds (`keep`). And a form that is sent after
the session has ended would be lost at the sign-in page; its page therefore carries a ticket, signed by the portal,
that says whose page it is. With it, and with nothing else, a request without a session may leave a draft for that
person (`keeps_what_was_typed`): it reads nothing, saves no record, and sees no other form.
"""

from __future__ import annotations

import datetime as dt
import functools
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from studyportal.access import walls
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf.models import Draft
from studyportal.crf.reasons import names_for
from studyportal.crf.registry import UnknownForm, get
from studyportal.crf.spec import CrfSpec

logger = logging.getLogger(__name__)

SALT = "studyportal.crf.drafts"
VALID = dt.timedelta(hours=24)
KEPT = dt.timedelta(days=30)
# Characters of one draft: several times the widest form with its notes full.
LONGEST = 200_000
# Drafts of one person on one form at one place; the oldest gives way.
MOST = 5


class DraftRefused(Exception):
    """Nothing was kept; the message says why."""

    status = 400


class DraftTooLarge(DraftRefused):
    status = 413


@dataclass(frozen=True)
class Page:
    """A page about a participant that is no form of the registry and keeps drafts all the same.

    names: the controls that are kept; address: (participant code, place) → where it is opened, where the place is what
    a form has its parents for: which of several such pages it is, as `signature=consent`.
    """

    key: str
    permission: Permission
    names: tuple[str, ...]
    address: Callable[[str, str], str]


PAGES: dict[str, Page] = {}


def register_page(page: Page) -> Page:
    """Make a page known; its key is that of no form."""
    PAGES[page.key] = page
    return page


def _kept_by(key: str) -> CrfSpec | Page:
    return PAGES.get(key) or get(key)


@dataclass(frozen=True)
class Ticket:
    """Which page of which form is whose. address: where it is sent to; page: which opening of it."""

    user: int
    address: str
    form: str
    participant: int
    record: int | None
    parents: str
    page: str

    def __str__(self) -> str:
        return signing.dumps(asdict(self), salt=SALT)


def ticket_for(
    request: HttpRequest,
    spec: CrfSpec | Page,
    participant: Any,
    *,
    record: Any = None,
    parents: Mapping[str, Any] | str | None = None,
    page: str = "",
) -> Ticket:
    """The ticket of a page that is being drawn. page: that of the draft which it shows, or of the form that it answers."""
    return Ticket(
        user=request.user.pk,  # type: ignore[arg-type]
        address=request.get_full_path(),
        form=spec.key,
        participant=participant.pk,
        record=None if record is None else record.pk,
        parents="" if record is not None else parents_text(parents or {}),
        page=page or secrets.token_hex(16),
    )


def parents_text(parents: Mapping[str, Any] | str) -> str:
    """What a new form belongs to, as its address has it; the place of a page is that already."""
    if isinstance(parents, str):
        return parents
    return "&".join(f"{name}={parent.pk}" for name, parent in sorted(parents.items()) if parent is not None)


def read_ticket(posted: QueryDict, *, max_age: dt.timedelta | None = VALID) -> Ticket | None:
    """The ticket that came with a form; None for none, a forged or an old one."""
    text = posted.get("ticket", "")
    if not text or len(text) > 4000:
        return None
    try:
        return Ticket(**signing.loads(text, salt=SALT, max_age=max_age))
    except (signing.BadSignature, TypeError, ValueError):
        return None


# --- Keeping ---------------------------------------------------------------------------------------------


@transaction.atomic
def keep(*, ticket: Ticket, posted: QueryDict, by: User) -> Draft:
    """Keep what was typed. Raises DraftRefused: nothing of it is kept."""
    if ticket.user != by.pk:
        raise DraftRefused(_("This page was opened by somebody else. Open the form again."))
    try:
        spec = _kept_by(ticket.form)
    except UnknownForm as error:
        raise DraftRefused(str(error)) from None
    participant = _among_own(apps.get_model(settings.PARTICIPANT_MODEL), by, spec, ticket.participant)
    if ticket.record is not None and isinstance(spec, CrfSpec):
        _among_own(spec.model, by, spec, ticket.record)
    version = posted.get("version", "")
    draft, _created = Draft.objects.update_or_create(
        user=by,
        form=spec.key,
        participant=participant,
        object_id=ticket.record,
        parents=ticket.parents,
        page=ticket.page,
        defaults={
            "site_id": participant.site_id,
            "data": _typed(spec, posted),
            "version_seen": int(version) if _is_version(version) else 0,
        },
    )
    for old in _at(by, spec.key, ticket.participant, ticket.record, ticket.parents)[MOST:]:
        old.delete()
    return draft


def _among_own(model: Any, by: User, spec: CrfSpec | Page, pk: int) -> Any:
    found = model._default_manager.visible_to(by, spec.permission).filter(pk=pk).first()
    if found is None:
        raise DraftRefused(_("You may no longer enter this form here."))
    return found


def _is_version(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _names(spec: CrfSpec | Page) -> tuple[str, ...]:
    if isinstance(spec, Page):
        return spec.names
    return (
        *spec.entered_fields,
        *(f"absent-{name}" for name in spec.entered_fields),
        *vars(names_for(spec)).values(),
    )


def _typed(spec: CrfSpec | Page, posted: QueryDict) -> dict[str, list[str]]:
    """The controls of the form and the reason: no password, no token, nothing else that was sent along."""
    names = _names(spec)
    if isinstance(spec, CrfSpec):
        # Cells of rows have a control each, as many as there are rows.
        names += tuple(name for one in spec.entered_fields.values() for name in one.controls(posted))
    typed = {
        name: [value.replace("\x00", "") for value in posted.getlist(name)]
        # Which of two times is meant, where the clocks went back, stands beside a time.
        # So do the unit of a number, and what explains a finding before it is saved.
        for name in (
            *names,
            *(f"{name}-offset" for name in names),
            *(f"unit-{name}" for name in names),
            *(name for name in posted if name.startswith("explain-") and len(name) < 200),
        )
        if name in posted
    }
    if sum(len(value) for values in typed.values() for value in values) > LONGEST:
        raise DraftTooLarge(
            _("What you typed is longer than %d characters. A draft of it is not kept.") % LONGEST
        )
    return typed


# --- Finding again ---------------------------------------------------------------------------------------


def at(
    user: User,
    spec: CrfSpec | Page,
    participant: Any,
    *,
    record: Any = None,
    parents: Mapping[str, Any] | str | None = None,
) -> list[Draft]:
    """The person's drafts of one form at one place, the newest first."""
    return list(
        _at(
            user,
            spec.key,
            participant.pk,
            None if record is None else record.pk,
            "" if record is not None else parents_text(parents or {}),
        ).select_related("participant")
    )


def _at(user: User, form: str, participant_id: int, object_id: int | None, parents: str) -> Any:
    return Draft.objects.filter(
        user=user, form=form, participant_id=participant_id, object_id=object_id, parents=parents
    )


def page_of(request: HttpRequest) -> str:
    """Which opening of the form a request answers: a form that comes back with errors is still the same page."""
    ticket = read_ticket(request.POST, max_age=None) if request.method == "POST" else None
    return ticket.page if ticket is not None and ticket.user == request.user.pk else ""


def posted_of(draft: Draft) -> QueryDict:
    """What the form would have posted."""
    posted = QueryDict(mutable=True)
    for name, values in draft.data.items():
        posted.setlist(name, values)
    return posted


def url_of(draft: Draft, *, chosen: bool = False) -> str:
    """Where the form of a draft is opened; chosen: with this draft, and not the newest."""
    code = draft.participant.code  # type: ignore[attr-defined]
    if draft.form in PAGES:
        url = PAGES[draft.form].address(code, draft.parents)
        return f"{url}{'&' if '?' in url else '?'}draft={draft.pk}" if chosen else url
    if draft.object_id is not None:
        url = reverse("crf:edit", args=[draft.form, draft.object_id])
    else:
        url = reverse("crf:new", args=[code, draft.form])
    query = "&".join(part for part in (draft.parents, f"draft={draft.pk}" if chosen else "") if part)
    return f"{url}?{query}" if query else url


def discard(*, draft: Draft) -> None:
    draft.delete()


def forget(*, posted: QueryDict, by: User) -> None:
    """The form was saved: its draft is of no more use. One typed on another page of the form stays."""
    ticket = read_ticket(posted, max_age=None)
    if ticket is not None and ticket.user == by.pk:
        Draft.objects.filter(user=by, form=ticket.form, page=ticket.page).delete()


def forget_old() -> int:
    """Delete the drafts that nobody came back to; how many there were."""
    with walls.whole_study():
        count, _by_model = Draft.objects.filter(updated_at__lt=timezone.now() - KEPT).delete()
    return count


# --- The end of a session --------------------------------------------------------------------------------


def keeps_what_was_typed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Stands outside `@requires`: a form sent without a session leaves its draft before the way to the sign-in page."""

    @functools.wraps(view)
    def kept(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and not request.user.is_authenticated:
            ticket = read_ticket(request.POST)
            if ticket is not None and ticket.address == request.get_full_path():
                said = keep_without_session(ticket, request.POST)
                level = messages.INFO if said is None else messages.ERROR
                messages.add_message(request, level, said or kept_said())
                return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return kept


def kept_said() -> str:
    return _("Your session had ended. What you typed is kept: sign in again, and it stands in the form.")


def keep_without_session(ticket: Ticket, posted: QueryDict) -> str | None:
    """Keep a draft for the person of the ticket, behind that person's wall; None, or why nothing was kept."""
    user = User.objects.filter(pk=ticket.user, is_active=True).first()
    if user is None:
        return _("Your session had ended. Sign in again.")
    try:
        with walls.opened(user, writing=True):
            keep(ticket=ticket, posted=posted, by=user)
    except DraftRefused as error:
        return _("Your session had ended. What you typed could not be kept: %s") % error
    logger.info("A form sent without a session was kept as a draft of user %s", user.pk)
    return None
