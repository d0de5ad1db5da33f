"""Every page and endpoint declares what it asks for; what declares nothing is refused.

Page:      @requires(Permission.VIEW_DATA), or several of which one is enough
Endpoint:  permission = Permission.VIEW_DATA, or permissions = {"GET": …, "POST": …}; a tuple: one is enough
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS, BasePermission

from studyportal.access import walls
from studyportal.access.permissions import WRITING, Permission
from studyportal.access.standing import settle

View = Callable[..., HttpResponse]
M = TypeVar("M", bound=Model)

DECLARED = "declared_permissions"
# HTTP method, or "*" for all → the permissions of which one is asked for
Declaration = dict[str, tuple[Permission, ...]]


def requires(*permissions: Permission) -> Callable[[View], View]:
    """Declare what a page asks for (any one of the permissions): first sign-in, then the permission (403)."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if Permission.PUBLIC not in permissions:
                if not request.user.is_authenticated:
                    return redirect_to_login(request.get_full_path())
                if not admitted(request, permissions):
                    raise PermissionDenied(refusal(*permissions))
            return view(request, *args, **kwargs)

        setattr(guarded, DECLARED, permissions)
        return guarded

    return decorate


def admitted(request: Any, permissions: tuple[Permission, ...]) -> bool:
    """Whether the signed-in person holds one of the permissions; then the second wall opens for the person."""
    settle(request.user, writing=request.method not in SAFE_METHODS)
    if not holds_any(request.user, permissions):
        return False
    walls.enter(request.user)
    return True


def holds_any(user: Any, permissions: tuple[Permission, ...]) -> bool:
    return any(user.may(permission) for permission in permissions)


def refusal(*permissions: Permission) -> str:
    words = _(" or ").join(str(permission.label) for permission in permissions)
    return _("Your roles do not allow you to %(what)s (%(permission)s).") % {
        "what": words,
        "permission": ", ".join(permission.value for permission in permissions),
    }


def permissions_of_api(view_class: type) -> Declaration | None:
    """HTTP method → permissions as declared by an endpoint, None when it declares nothing."""
    per_method = getattr(view_class, "permissions", None)
    if per_method is None:
        single = getattr(view_class, "permission", None)
        per_method = None if single is None else {"*": single}
    if per_method is None:
        return None
    return {
        method: (asked,) if isinstance(asked, Permission) else tuple(asked)
        for method, asked in per_method.items()
    }


def declared(callback: Any) -> Declaration | None:
    """What the callback of a URL declares: HTTP method (or "*") → permissions, None when nothing."""
    view_class = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    # Only DRF's views ask DeclaredPermission; on any other class the attribute would be words without deeds.
    if view_class is not None and hasattr(view_class, "permission_classes"):
        return permissions_of_api(view_class)
    on_page = getattr(callback, DECLARED, None)
    return None if on_page is None else {"*": on_page}


class DeclaredPermission(BasePermission):
    """The only permission class of the API: asks for what the endpoint declares, refuses the undeclared."""

    def has_permission(self, request: Any, view: Any) -> bool:
        declared_here = permissions_of_api(type(view))
        if declared_here is None:
            self.message = _("This endpoint declares no permission and is therefore closed.")
            return False
        method = "GET" if request.method in ("HEAD", "OPTIONS") else request.method
        permissions = declared_here.get(method, declared_here.get("*"))
        if permissions is None:
            # An unknown method is answered with 405 by the view itself, for those who may read.
            permissions = declared_here.get("GET", (Permission.SIGNED_IN,))
        if Permission.PUBLIC in permissions:
            return True
        if not request.user.is_authenticated:
            return False
        refuse_reading_token(request, view)
        self.message = refusal(*permissions)
        if admitted(request, permissions):
            return True
        refuse_for_token(request.user, permissions)
        return False


def refuse_reading_token(request: Any, view: Any) -> None:
    """A token that only reads changes nothing, whatever the endpoint; it may still end itself."""
    narrowing = getattr(request.user, "narrowing", None)
    harmless = request.method in SAFE_METHODS or request.method in getattr(view, "open_to_reading_tokens", ())
    if narrowing is not None and not narrowing.writes and not harmless:
        raise token_refusal(
            "token_read_only",
            _("This token only reads. Make one that reads and writes on the page “API tokens”."),
        )


def token_refusal(code: str, message: str) -> Exception:
    # Imported late: rest_framework imports this module while it is itself being imported.
    from studyportal.api.problems import ProblemError

    return ProblemError(403, code, message)


def refuse_for_token(user: Any, permissions: tuple[Permission, ...]) -> None:
    """Say that it is the token, not the roles, that does not reach, where it is so."""
    narrowing = getattr(user, "narrowing", None)
    if narrowing is None or not holds_any(user.without_token(), permissions):
        return
    if not narrowing.writes and all(permission in WRITING for permission in permissions):
        raise token_refusal(
            "token_read_only",
            _("This token only reads, and this belongs to those who change data. Make one that also writes."),
        )
    if narrowing.datasets is not None:
        raise token_refusal(
            "token_dataset",
            _("This token is for named datasets only. Make one without datasets for everything else."),
        )
    raise token_refusal(
        "token_sites",
        _("This token is for some sites only, and does not reach this. Make one without sites."),
    )


def get_visible_or_404(queryset: Any, user: Any, permission: Permission, **lookup: Any) -> Any:
    """The one way to fetch a record by an identifier from outside: another site's record is not found.

    queryset: of a SiteScoped model.
    """
    try:
        return queryset.visible_to(user, permission).get(**lookup)
    except (queryset.model.DoesNotExist, ValueError, OverflowError):
        raise Http404(
            _("No %(what)s with this identifier among those that you may see.")
            % {"what": queryset.model._meta.verbose_name}
        ) from None


def get_own_or_404(model: type[M], user: Any, **lookup: Any) -> M:
    """Fetch something that belongs to the user; somebody else's is not found."""
    try:
        return model._default_manager.get(user=user, **lookup)
    except (model.DoesNotExist, model.MultipleObjectsReturned, ValueError):
        raise Http404(_("Not among your own.")) from None
