"""The pages of each import: upload, preview, commit, what was refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from studyportal.access.clock import in_own_zone, zone_of
from studyportal.access.declare import requires
from studyportal.access.models import Site, User
from studyportal.api.middleware import takes_files
from studyportal.audit.reasons import of_form
from studyportal.imports import actions, contexts, downloads, selectors
from studyportal.imports.addresses import address_of
from studyportal.imports.errors import FileRefused, NotPossible, ReasonRequired
from studyportal.imports.models import Upload
from studyportal.imports.registry import Importer, all_importers, families, family_of

# What pasted cells are called; a spreadsheet copies them separated by tabs.
PASTED = "pasted.tsv"


def index(request: HttpRequest) -> HttpResponse:
    """The imports that are open to the person, and the last uploads."""
    return render(request, "imports/index.html", contexts.index_page(request.user))


Page = Callable[..., HttpResponse]


def routes_of(importer: Importer) -> list[Any]:
    """The addresses of one import; each asks for the permission that the import declares."""

    def page(view: Page) -> Page:
        def with_importer(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            return view(request, importer, **kwargs)

        return requires(importer.permission)(in_own_zone(with_importer))

    return _paths(f"imports/{importer.key}/", importer.key, page)


def routes_of_family(family: str) -> list[Any]:
    """The addresses that the imports of a family share. They open for who may use one of them; that one is then asked."""
    permissions = tuple(dict.fromkeys(importer.permission for importer in family_of(family)))

    def page(view: Page) -> Page:
        def with_importer(request: HttpRequest, form: str, **kwargs: Any) -> HttpResponse:
            return view(request, selectors.member_or_404(request.user, family, form), **kwargs)

        return requires(*permissions)(in_own_zone(with_importer))

    return _paths(f"imports/{family}-<slug:form>/", family, page)


def _paths(home: str, name: str, page: Callable[[Page], Page]) -> list[Any]:
    return [
        path(home, takes_files(page(start), "IMPORT_BYTES"), name=f"{name}-start"),
        path(f"{home}template.csv", page(template), name=f"{name}-template"),
        path(f"{home}<int:pk>/", page(preview), name=f"{name}-upload"),
        path(f"{home}<int:pk>/commit/", page(commit), name=f"{name}-commit"),
        path(f"{home}<int:pk>/abandon/", page(abandon), name=f"{name}-abandon"),
        path(f"{home}<int:pk>/refused.csv", page(refused), name=f"{name}-refused"),
    ]


def routes() -> list[Any]:
    importers = all_importers()
    if not importers:
        return []
    permissions = tuple(dict.fromkeys(importer.permission for importer in importers))
    pages = [route for importer in importers if not importer.family for route in routes_of(importer)]
    pages += [route for family in families() for route in routes_of_family(family)]
    return [path("imports/", requires(*permissions)(in_own_zone(require_safe(index))), name="index"), *pages]


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, importer: Importer) -> HttpResponse:
    """Upload a file. A refused one leaves nothing; what was chosen beside it is still there."""
    user: Any = request.user
    if request.method != "POST":
        return render(request, "imports/start.html", contexts.upload_page(importer, user, {}))
    errors: dict[str, str] = {}
    refusal: FileRefused | None = None
    site = _site(user, importer, request.POST.get("site", ""), errors)
    file = request.FILES.get("file")
    pasted = request.POST.get("pasted", "")
    given: tuple[bytes, str] | None = None
    if file is not None and pasted.strip():
        errors["pasted"] = _("Give a file or cells, not both.")
    elif file is not None:
        given = file.read(), file.name or ""
    elif pasted.strip():
        given = pasted.encode("utf-8", "surrogatepass"), PASTED
    else:
        errors["file"] = _("Choose the file, or paste the cells.")
    if site is not None and given is not None:
        try:
            upload = actions.upload(
                importer=importer,
                site=site,
                content=given[0],
                file_name=given[1],
                by=user,
                leave_out_unknown=request.POST.get("unknown") == "leave_out",
            )
        except FileRefused as error:
            refusal = error
        else:
            return redirect(upload)
    context = contexts.upload_page(importer, user, request.POST, refusal, errors=errors)
    return render(request, "imports/start.html", context, status=400)


def _site(user: User, importer: Importer, code: str, errors: dict[str, str]) -> Site | None:
    sites = list(selectors.sites_for(user, importer))
    if not code and len(sites) == 1:
        return sites[0]
    found = next((site for site in sites if site.code == code), None)
    if found is None and code:
        raise Http404(_("There is no such site among those whose lists you may import."))
    if found is None:
        errors["site"] = _("Choose the site whose list this is.")
    return found


@require_safe
def template(request: HttpRequest, importer: Importer) -> HttpResponse:
    return downloads.template_response(importer)


@require_safe
def preview(request: HttpRequest, importer: Importer, pk: int) -> HttpResponse:
    """The verdict on each row; a fixed number of queries, however many rows there are."""
    upload = selectors.upload_or_404(request.user, importer, pk)
    return _shown(request, upload, 200)


@require_POST
def commit(request: HttpRequest, importer: Importer, pk: int) -> HttpResponse:
    upload = selectors.upload_or_404(request.user, importer, pk)
    try:
        done = actions.commit(
            upload=upload,
            by=request.user,
            overwrite=bool(request.POST.get("overwrite")),
            reason=of_form(request.POST),
        )
    except ReasonRequired as error:
        return _refusal(request, upload, [("reason", _("In words"), str(error))], 400)
    except NotPossible as error:
        return _refusal(
            request, selectors.upload_or_404(request.user, importer, pk), [("", "", str(error))], 409
        )
    if done.job is not None and done.at_work:
        return redirect(done.job)
    return redirect(done)


@require_POST
def abandon(request: HttpRequest, importer: Importer, pk: int) -> HttpResponse:
    upload = selectors.upload_or_404(request.user, importer, pk)
    try:
        actions.abandon(upload=upload, by=request.user)
    except NotPossible as error:
        return _refusal(request, upload, [("", "", str(error))], 409)
    messages.success(request, _("%s is abandoned; its rows are deleted.") % upload.file_name)
    return redirect(address_of(importer, "start"))


def _refusal(request: HttpRequest, upload: Upload, problems: contexts.Problems, status: int) -> HttpResponse:
    return _shown(request, upload, status, posted=request.POST, problems=problems)


def _shown(request: HttpRequest, upload: Upload, status: int, **more: Any) -> HttpResponse:
    with timezone.override(zone_of([upload.site])):
        context = contexts.preview_page(upload, request.GET, **more)
        return render(request, "imports/preview.html", context, status=status)


@require_safe
def refused(request: HttpRequest, importer: Importer, pk: int) -> Any:
    return downloads.refused_response(selectors.upload_or_404(request.user, importer, pk), request.user)
