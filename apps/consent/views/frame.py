"""What the pages of consent on which something is entered share: one form, one action, one answer, and a draft of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.consent.models import ConsentEvent
from apps.consent.views.inputs import Errors, Section, at_fields, errors_of
from apps.enrolment.models import Participant
from studyportal.access.permissions import Permission
from studyportal.access.signing_in.sessions import is_partial
from studyportal.crf import drafts
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.fields import MultiCodedField
from studyportal.crf.outcomes import Problem
from studyportal.identity.errors import IdentityInvalid
from studyportal.ui.posted import listed

METHODS = ["GET", "POST"]

# Controls that are no field of an entry, and that a draft keeps all the same. A scan and a drawn signature are not
# among them: they show who the person is, and a draft is not sealed.
OTHER_CONTROLS = (
    "concerns",
    "document",
    "obtainer",
    "take_back",
    *(f"item-{key}" for key in ("procedure", "sample_storage", "future_contact", "data_sharing", "images")),
)


def _names() -> tuple[str, ...]:
    fields = tuple(ConsentEvent.fields_entered())
    return ("kind", "corrects", *fields, *(f"absent-{name}" for name in fields), *OTHER_CONTROLS)


def page(key: str, url_name: str) -> drafts.Page:
    """A page of a participant's consent with drafts; its place is the rest of its address, as `signature=consent`."""

    def address(code: str, place: str) -> str:
        query = QueryDict(place)
        inside = {name: query[name] for name in ("signature", "pk") if name in query}
        rest = {name: value for name, value in query.items() if name not in inside}
        url = reverse(url_name, kwargs={"code": code, **inside})
        return f"{url}?{urlencode(rest)}" if rest else url

    return drafts.register_page(drafts.Page(key, Permission.RECORD_CONSENT, _names(), address))


def place_of(**parts: Any) -> str:
    return urlencode({name: value for name, value in parts.items() if value not in (None, "")})


def entry_or_404(participant: Participant, pk: int) -> ConsentEvent:
    """An entry of a participant whom the caller may see."""
    found = (
        ConsentEvent.objects.select_related(
            "entered_by", "obtainer", "document__document", "concerns", "corrects"
        )
        .filter(participant=participant, pk=pk)
        .first()
        if pk < 2**63
        else None
    )
    if found is None:
        raise Http404(_("This participant has no such entry."))
    return found


def home_url(participant: Participant) -> str:
    return reverse("consent:participant", args=[participant.code])


def _with_hidden(posted: QueryDict, initial: QueryDict) -> QueryDict:
    """What was typed, and what the page began with in controls that were hidden and therefore not sent. Boxes that can
    be unticked are not among them: sent without a tick they say no."""
    whole = posted.copy()
    fields = ConsentEvent.fields_entered()
    for name in initial:
        if name not in whole and not isinstance(fields.get(name), MultiCodedField):
            whole.setlist(name, initial.getlist(name))
    return whole


def _go(request: HttpRequest, url: str) -> HttpResponse:
    return HttpResponse(status=204, headers={"HX-Redirect": url}) if is_partial(request) else redirect(url)


def _sent_before(request: HttpRequest, participant: Participant) -> HttpResponse:
    """The page was sent twice, as by a double click or by “Back”: its entry is in the log once."""
    drafts.forget(posted=request.POST, by=request.user)  # type: ignore[arg-type]
    messages.info(
        request,
        _(
            "This page was sent before, and its entry is in the log once. What was changed on it since is not: to enter"
            " something else, open the page again."
        ),
    )
    return _go(request, home_url(participant))


def entered(
    request: HttpRequest,
    *,
    participant: Participant,
    page: drafts.Page,
    place: str = "",
    template: str,
    initial: QueryDict,
    sections: Callable[[QueryDict, Errors], Sequence[Section]],
    act: Callable[[QueryDict, str], tuple[str, str]],
    **context: Any,
) -> HttpResponse:
    """The form, or what follows from it.

    sections: what is drawn, from what was typed and what is wrong. act: (what was typed, ticket of the page) → what is
    said and where the person goes; raises CrfInvalid or Refused, and then everything typed stands in the form again.
    """
    user: Any = request.user
    problems: list[Problem] = []
    status = 200
    draft = None
    if request.method == "POST":
        typed = request.POST
        opened = drafts.page_of(request)
        try:
            said, url = act(typed, opened)
        except (CrfInvalid, IdentityInvalid) as error:
            problems, status = [Problem(p.field, p.code, p.message) for p in error.problems], 400
        except Refused as error:
            if {p.code for p in error.problems} == {"ticket_used"}:
                return _sent_before(request, participant)
            problems, status = list(error.problems), 409
        except PermissionDenied as error:
            # A sheet is kept by those who may record who a person is; what was typed stays.
            problems, status = [Problem("sheet", "not_allowed", str(error))], 403
        else:
            drafts.forget(posted=request.POST, by=user)
            messages.success(request, said)
            return _go(request, url)
    else:
        own = drafts.at(user, page, participant, parents=place)
        draft = next((one for one in own if str(one.pk) == request.GET.get("draft")), own[0] if own else None)
        opened = draft.page if draft is not None else ""
        typed = drafts.posted_of(draft) if draft is not None else initial
    if problems:
        typed = _with_hidden(typed, initial)
    drawn = list(sections(typed, errors_of(problems)))
    fields = [field for section in drawn for field in section.fields]
    return render(
        request,
        template,
        {
            "participant": participant,
            "synthetic": participant.synthetic,
            "sections": drawn,
            "problems": listed(at_fields(problems), fields),
            "draft": draft,
            "ticket": drafts.ticket_for(request, page, participant, parents=place, page=opened),
            "typed": typed,
            "home_url": home_url(participant),
            **context,
        },
        status=status,
    )
