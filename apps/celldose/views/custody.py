"""Pages of custody: the identity check of a step, and the product that is made with a donation number."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from apps.celldose import crfs, custody_page, numbering, second_person, selectors
from apps.celldose.actions import numbers, readings
from apps.celldose.models import CellProduct, Harvest, IdentityReading, IdentityStep
from apps.celldose.product_file import ProductFile
from studyportal.access.declare import get_visible_or_404, requires
from studyportal.access.permissions import Permission
from studyportal.access.signing_in.reauthentication import NotConfirmed
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.fields import MomentField
from studyportal.crf.outcomes import Problem
from studyportal.ui.posted import listed
from studyportal.words import translated


@sensitive_post_parameters("second_password", "second_code")
@requires(Permission.HANDLE_PRODUCTS)
@require_http_methods(["GET", "POST"])
def identity(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Two people read the label and the participant's code, each for themselves; the page shows neither."""
    if step not in IdentityStep.values:
        raise Http404(_("There is no such step."))
    product = selectors.product_or_404(pk, request.user, Permission.HANDLE_PRODUCTS)
    with timezone.override(ZoneInfo(product.site.timezone)):
        if request.method != "POST":
            return _page(request, product, step)
        try:
            said = _read(request, product, step)
        except CrfInvalid as error:
            return _page(request, product, step, error.problems, 400)
        except NotConfirmed as error:
            refused = Problem("second_password", "not_confirmed", error.message)
            return _page(request, product, step, [refused], 403)
        except Refused as error:
            return _page(request, product, step, error.problems, 409)
        level, words, done = said
        messages.add_message(request, level, words)
        return redirect("celldose:product", pk) if done else redirect("celldose:identity", pk, step)


def _read(request: HttpRequest, product: CellProduct, step: str) -> tuple[int, str, bool]:
    """What to say, and whether the check is done. Raises CrfInvalid, Refused, NotConfirmed."""
    posted = request.POST
    user: Any = request.user
    common = {"product": product, "step": step, "by": user, "how": posted.get("how", "")}
    own = {"identifier": posted.get("identifier", ""), "participant_code": posted.get("participant_code", "")}
    read_at = _moment(posted.get("read_at", "")) if posted.get("how") == "paper" else None
    # Whose reading this one is the second to: the one that the page named, if it still waits.
    waits = posted.get("witness_of", "")
    if waits:
        first = _first(product, waits)
        made = readings.read(**common, **own, read_at=read_at, witness_of=first)
        return _said([made], True)
    if posted.get("second") != "here":
        return _said([readings.read(**common, **own, read_at=read_at)], False)
    second = second_person.confirmed(
        request=request,
        username=posted.get("second_username", ""),
        password=posted.get("second_password", ""),
        code=posted.get("second_code", ""),
    )
    try:
        both = readings.read_together(
            **common,
            **own,
            second=second,
            second_identifier=posted.get("second_identifier", ""),
            second_participant_code=posted.get("second_participant_code", ""),
            read_at=read_at,
        )
    except readings.SecondInvalid as error:
        raise CrfInvalid([Problem(f"second_{p.field}", p.code, p.message) for p in error.problems]) from None
    return _said([one for one in both if one is not None], True)


def _first(product: CellProduct, text: str) -> IdentityReading:
    first = (
        IdentityReading.objects.filter(product=product, pk=int(text)).first()
        if text.isascii() and text.isdigit() and len(text) < 18
        else None
    )
    if first is None:
        raise Refused([Problem(None, "begin_again", _("This first reading is not there: begin again."))])
    return first


def _said(made: list[IdentityReading], done: bool) -> tuple[int, str, bool]:
    wrong = next((one for one in made if not one.matches), None)
    if wrong is not None:
        return messages.ERROR, _("What was read does not match."), False
    if not done:
        return messages.SUCCESS, _("Your reading is kept. A second person reads now."), False
    return messages.SUCCESS, _("Two people have read: identity matches."), True


def _moment(text: str) -> dt.datetime | None:
    try:
        return MomentField(_("Read at")).parse(text)
    except ValidationError as error:
        raise CrfInvalid([Problem("read_at", error.code or "invalid", "; ".join(error.messages))]) from None


def _page(
    request: HttpRequest,
    product: CellProduct,
    step: str,
    problems: Any = (),
    status: int = 200,
) -> HttpResponse:
    file = ProductFile.of(selectors.product_or_404(product.pk, request.user, Permission.HANDLE_PRODUCTS))
    context = custody_page.identity_context(file, step, request.user, request.POST, problems)
    fields = [*context["own_fields"], *context["second_fields"]]
    return render(
        request,
        "celldose/identity.html",
        context | {"problems": listed(problems, fields)},
        status=status,
    )


@requires(Permission.HANDLE_PRODUCTS)
@require_http_methods(["GET", "POST"])
def new_product(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the product of a harvest: with the next donation number of the site, or with the number on a label."""
    harvest = get_visible_or_404(
        Harvest.objects.select_related("session", "site", "participant"),
        request.user,
        Permission.HANDLE_PRODUCTS,
        pk=pk,
    )
    form_url = custody_page.new_form(crfs.CELL_PRODUCT, harvest.participant, harvest=harvest.pk)
    gives = numbering.gives_numbers(harvest.site) and not harvest.participant.retrospective
    if request.method != "POST":
        if not gives:
            return redirect(form_url)
        context = {
            "harvest": harvest,
            "participant": harvest.participant,
            "synthetic": harvest.participant.synthetic,
            "form_url": form_url,
            "made": harvest.products.order_by("id").first(),
        }
        return render(request, "celldose/product_new.html", context)
    try:
        made = numbers.make_product(harvest=harvest, by=request.user)
    except (CrfInvalid, Refused) as error:
        for problem in error.problems:
            messages.error(request, translated(problem.message))
        return redirect(harvest.home_url)
    messages.success(request, _("%s is made. Print its labels before it leaves the theatre.") % made)
    return redirect("celldose:product", made.pk)
