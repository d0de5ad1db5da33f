"""The page on which a form is signed."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.crf import display, signature_pages, signing
from studyportal.crf.errors import StaleVersion
from studyportal.crf.fetch import record_or_404, spec_or_404
from studyportal.crf.spec import CrfSpec
from studyportal.queries.models import Query, QueryState
from studyportal.signatures.actions import asks_code
from studyportal.signatures.content import sha256_of
from studyportal.signatures.errors import NotPermitted, NotSigned, NotTheSigner


@sensitive_post_parameters("password", "code")
@requires(Permission.SIGN_RECORDS)
@require_http_methods(["GET", "POST"])
def sign(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    """The whole record, what a signature would say, and who signs."""
    spec = spec_or_404(key)
    record = record_or_404(request, spec, pk, Permission.SIGN_RECORDS)
    with timezone.override(ZoneInfo(record.site.timezone)):
        if request.method == "POST":
            return _sign(request, spec, record)
        return _page(request, spec, record)


def _sign(request: HttpRequest, spec: CrfSpec, record: Any) -> HttpResponse:
    version = request.POST.get("version", "")
    try:
        signature = signing.sign(
            spec,
            record=record,
            meaning=request.POST.get("meaning", ""),
            by=request.user,  # type: ignore[arg-type]
            request=request,
            password=request.POST.get("password", ""),
            code=request.POST.get("code", ""),
            version_seen=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0,
            sha256_seen=request.POST.get("content_sha256") or "not sent",
        )
    except StaleVersion as error:
        changed = signing.changes_since(spec, error.current, int(version) if version.isdecimal() else 0)
        return _page(request, spec, error.current, changed=changed, stale=True, status=412)
    except NotPermitted as error:
        raise PermissionDenied(str(error)) from None
    except NotTheSigner as error:
        return _page(request, spec, record, refused=str(error), field="password", status=403)
    except NotSigned as error:
        status = 400 if error.code == "meaning" else 409
        return _page(request, spec, record, refused=str(error), status=status)
    messages.success(
        request,
        _("%(form)s is signed: %(meaning)s.")
        % {"form": spec.title, "meaning": signature.get_meaning_display().lower()},
    )
    return redirect("crf:edit", spec.key, record.pk)


def _page(
    request: HttpRequest,
    spec: CrfSpec,
    record: Any,
    *,
    refused: str = "",
    field: str = "",
    changed: Any = (),
    stale: bool = False,
    status: int = 200,
) -> HttpResponse:
    meanings = signing.may_sign(request.user, spec, record.site_id)  # type: ignore[arg-type]
    chosen = request.POST.get("meaning", "") or (meanings[0] if len(meanings) == 1 else "")
    return render(
        request,
        "crf/sign.html",
        {
            "spec": spec,
            "record": record,
            "participant": record.participant,
            "synthetic": getattr(record.participant, "synthetic", False),
            "parents": display.parents_in_words(spec, record),
            "sections": [
                (title, [(line.label, line.text or line.absent or "–") for line in lines])
                for title, lines in display.lines(spec, record)
            ],
            "tables": signature_pages.tables_of(spec, record),
            "signatures": signature_pages.shown_on(spec, record),
            "content_sha256": sha256_of(signing.content_of(spec, record)),
            "meanings": meanings,
            "chosen": chosen,
            "asks_code": asks_code(request.user),  # type: ignore[arg-type]
            "refused": refused,
            "refused_field": field,
            "stale": stale,
            "changed": changed,
            "open_queries": Query.objects.filter(
                form=spec.key, object_id=record.pk, state=QueryState.OPEN
            ).count(),
        },
        status=status,
    )
