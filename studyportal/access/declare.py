"""Every page and endpoint declares what it asks for; what declares nothing is refused.

Page:      @requires(Permission.VIEW_DATA)
Endpoint:  permission = Permission.VIEW_DATA, or permissions = {"GET": …, "POST": …}
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework.permissions import BasePermission

from studyportal.access.models import ScopedQuerySet
from studyportal.access.permissions import Permission

View = Callable[..., HttpResponse]
M = TypeVar("M", bound=Model)

DECLARED = "declared_permission"


def requires(permission: Permission) -> Callable[[View], View]:
    """Declare the permission of a page: sign-in is asked for first, then the permission (403)."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if permission != Permission.PUBLIC:
                if not request.user.is_authenticated:
                    return redirect_to_login(request.get_full_path())
                if not request.user.may(permission):
                    raise PermissionDenied(refusal(permission))
            return view(request, *args, **kwargs)

        setattr(guarded, DECLARED, permission)
        return guarded

    return decorate


def refusal(permission: Permission) -> str:
    return _(
        "Your roles do not include “%(permission)s”. Ask the administrator of the study if your work needs it."
    ) % {"permission": permission.value}


def permissions_of_api(view_class: type) -> dict[str, Permission] | None:
    """HTTP method → permission as declared by an endpoint, None when it declares nothing."""
    per_method = getattr(view_class, "permissions", None)
    if per_method is not None:
        return dict(per_method)
    single = getattr(view_class, "permission", None)
    return None if single is None else {"*": single}


def declared(callback: Any) -> dict[str, Permission] | None:
    """What the callback of a URL declares: HTTP method (or "*") → permission, None when nothing."""
    view_class = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    # Only DRF's views ask DeclaredPermission; on any other class the attribute would be words without deeds.
    if view_class is not None and hasattr(view_class, "permission_classes"):
        return permissions_of_api(view_class)
    single = getattr(callback, DECLARED, None)
    return None if single is None else {"*": single}


class DeclaredPermission(BasePermission):
    """The only permission class of the API: asks for what the endpoint declares, refuses the undeclared."""

    def has_permission(self, request: Any, view: Any) -> bool:
        declared_here = permissions_of_api(type(view))
        if declared_here is None:
            self.message = _("This endpoint declares no permission and is therefore closed.")
            return False
        method = "GET" if request.method in ("HEAD", "OPTIONS") else request.method
        permission = declared_here.get(method, declared_here.get("*"))
        if permission is None:
            # An unknown method is answered with 405 by the view itself, for those who may read.
            permission = declared_here.get("GET", Permission.SIGNED_IN)
        if permission == Permission.PUBLIC:
            return True
        if not request.user.is_authenticated:
            return False
        self.message = refusal(permission)
        return bool(request.user.may(permission))


def get_visible_or_404(queryset: QuerySet[M] | ScopedQuerySet, user: Any, permission: Permission, **lookup: Any) -> M:
    """The one way to fetch a record by an identifier from outside: another site's record is not found."""
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
