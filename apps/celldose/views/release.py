"""Judging the release criteria, and deciding on a product with a signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.celldose import actions, crfs, selectors
from apps.celldose.pages import release as release_pages
from apps.celldose.pages import waiting as waiting_pages
from apps.celldose.product_file import ProductFile
from studyportal.access.declare import refusal, requires
from studyportal.access.permissions import Permission
from studyportal.audit import reasons
from studyportal.audit.reason_fields import field_views
from studyportal.crf import drafts, forms
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from studyportal.crf.models import Draft
from studyportal.crf.outcomes import Problem
from studyportal.crf.reasons import names_for
from studyportal.signatures.actions import asks_code
from studyportal.signatures.errors import NotPermitted, NotSigned, NotTheSigner
from studyportal.ui.posted import version_seen
from studyportal.words import translated

SPEC = crfs.RELEASE


@requires(Permission.RELEASE_PRODUCTS)
@require_POST
def evaluate(request: HttpRequest, pk: int) -> HttpResponse:
    """Judge the release criteria now and keep the judgement."""
    found = selectors.product_or_404(pk, request.user, Permission.RELEASE_PRODUCTS)
    try:
        actions.evaluate_release(product=found, by=request.user)
    except Refused as error:
        for problem in error.problems:
            messages.error(request, translated(problem.message))
    else:
        messages.success(request, _("The release criteria of %s are evaluated.") % found)
    return redirect("celldose:product", found.pk)


@requires(Permission.HANDLE_PRODUCTS)
@require_GET
def waiting(request: HttpRequest) -> HttpResponse:
    """What waits for those who handle products: decisions, signatures, discards, growth, cultures to read."""
    return render(request, "celldose/waiting.html", waiting_pages.waiting_page(request.user))  # type: ignore[arg-type]


@sensitive_post_parameters("password", "code")
@drafts.keeps_what_was_typed
@requires(Permission.VIEW_DATA)
@require_http_methods(["GET", "POST"])
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """The criteria with their results, what may be decided, and the decision with its signature: read by all who see
    the product, decided by those who release."""
    found = selectors.product_or_404(pk, request.user)
    with timezone.override(ZoneInfo(found.site.timezone)):
        if request.method == "POST":
            if not request.user.may(Permission.RELEASE_PRODUCTS, found.site_id):  # type: ignore[union-attr]
                raise PermissionDenied(refusal(Permission.RELEASE_PRODUCTS))
            return _decide(request, found)
        return _open(request, ProductFile.of(found))


def _open(request: HttpRequest, file: ProductFile) -> HttpResponse:
    """The decision as it is recorded, or as the person left it unsigned; at first with the time of now."""
    own = drafts.at(request.user, SPEC, file.product.participant, **_place(file))  # type: ignore[arg-type]
    draft = next((one for one in own if str(one.pk) == request.GET.get("draft")), own[0] if own else None)
    typed = None if draft is None else forms.raw_of(SPEC, drafts.posted_of(draft))
    if typed is None and file.decision is None:
        typed = {"decision": "", "released_at": release_pages.now_at_site(), "absent": {}}
    return _page(request, file, typed=typed, draft=draft)


def _decide(request: HttpRequest, product: Any) -> HttpResponse:
    file = ProductFile.of(product)
    raw = forms.raw_of(SPEC, request.POST)
    problems: Sequence[Problem] = ()
    status, more = 400, {}
    try:
        record = actions.decide(
            product=product,
            by=request.user,  # type: ignore[arg-type]
            request=request,
            password=request.POST.get("password", ""),
            code=request.POST.get("code", ""),
            expected_version=version_seen(request.POST) or None,
            reason=reasons.of_form(request.POST, **vars(names_for(SPEC))),
            **raw,
        )
    except NotPermitted as error:
        raise PermissionDenied(str(error)) from None
    except NotTheSigner as error:
        problems, status, more = [Problem("password", error.code, str(error))], 403, {"refused": str(error)}
    except NotSigned as error:
        problems, status = [Problem(None, error.code, str(error))], 409
    except ReasonRequired as error:
        problems, more = error.problems, {"needs_reason": True}
    except CrfInvalid as error:
        problems = error.problems
    except Refused as error:
        problems, status = error.problems, 409
    except StaleVersion as error:
        said = _(
            "%(who)s changed the decision while you were reading: it is now “%(decision)s”, version %(version)d."
        )
        current = error.current
        problems = [
            Problem(
                None,
                "stale_version",
                said % {"who": current.released_by, "decision": current, "version": current.version},
            )
        ]
        status = 412
    else:
        drafts.forget(posted=request.POST, by=request.user)  # type: ignore[arg-type]
        messages.success(
            request,
            _("%(product)s: %(decision)s. The decision is signed.")
            % {"product": product, "decision": record},
        )
        return redirect("celldose:release", product.pk)
    # What stands now may differ from what the page showed: it is read again.
    file = ProductFile.of(selectors.product_or_404(product.pk, request.user))
    return _page(request, file, typed=raw, problems=problems, status=status, **more)


def _place(file: ProductFile) -> dict[str, Any]:
    """Where a draft of the decision is kept: with the decision, or for the product that has none."""
    if file.decision is not None:
        return {"record": file.decision}
    return {"parents": {"product": file.product}}


def _page(
    request: HttpRequest,
    file: ProductFile,
    *,
    typed: Any = None,
    problems: Sequence[Problem] = (),
    draft: Draft | None = None,
    needs_reason: bool = False,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    user, decision = request.user, file.decision
    context = release_pages.release_page(file, user)  # type: ignore[arg-type]
    form = forms.build(
        SPEC, record=decision, typed=typed, problems=problems, disabled=not context["may_decide"]
    )
    names = names_for(SPEC)
    page = draft.page if draft is not None else drafts.page_of(request)
    return render(
        request,
        "celldose/release.html",
        context
        | {
            "form": form,
            "section": form.sections[0],
            "problems": form.problems,
            "refused": refused,
            "draft": draft,
            "ticket": drafts.ticket_for(request, SPEC, file.product.participant, page=page, **_place(file)),
            "asks_reason": needs_reason or (decision is not None and decision.is_complete),
            "reason_fields": field_views(
                drafts.posted_of(draft) if draft is not None else request.POST,
                names=names,
                help=_(
                    "Needed when you change a decision: the old one and its signature stay in the history."
                ),
                required=needs_reason,
                errors=[one.message for one in problems if one.field == names.text],
            ),
            "asks_code": asks_code(user),  # type: ignore[arg-type]
        },
        status=status,
    )
