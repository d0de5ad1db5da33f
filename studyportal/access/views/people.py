"""People: the list, one person, and what an administrator changes about an account."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from studyportal.access import people, selectors, tokens
from studyportal.access.clock import in_own_zone
from studyportal.access.declare import requires
from studyportal.access.models import ApiToken, Membership, Site, User
from studyportal.access.permissions import Permission
from studyportal.access.refusals import NotDone, refused
from studyportal.access.roles import ROLES
from studyportal.access.selectors import PeopleChoice
from studyportal.access.signing_in import second_factor
from studyportal.access.views.forms import form_page, reason_field
from studyportal.access.views.tokens import described
from studyportal.ui.parts import Cell, FieldView, Filter, Row
from studyportal.ui.posted import version_seen
from studyportal.ui.templatetags.ui_tags import human_date_text

METHODS = ["GET", "POST"]


@requires(Permission.MANAGE_USERS)
@require_safe
@in_own_zone
def people_list(request: HttpRequest) -> HttpResponse:
    """Everybody with an account, by user name."""
    sites = list(Site.objects.order_by("code"))
    choice = PeopleChoice(
        q=request.GET.get("q", "").strip()[:80],
        active=_known(request.GET.get("active"), ["yes", "no"]),
        role=_known(request.GET.get("role"), list(ROLES)),
        site=_known(request.GET.get("site"), [site.code for site in sites]),
    )
    after = request.GET.get("after", "")[:150]
    found, more = selectors.page_of(selectors.people(choice), after=Q(username__gt=after) if after else None)
    secured = selectors.with_second_factor(found)
    narrowed = {name: value for name, value in vars(choice).items() if value}
    everything = ("", _("All"))
    context = {
        "filters": [
            Filter("q", _("Name, user name or e-mail"), widget="search", value=choice.q),
            Filter(
                "active",
                _("Account"),
                value=choice.active,
                choices=[everything, ("yes", _("Active")), ("no", _("Deactivated"))],
            ),
            Filter(
                "role", _("Role today"), value=choice.role, choices=[everything, *selectors.role_choices()]
            ),
            Filter(
                "site",
                _("At site"),
                value=choice.site,
                choices=[everything, *((site.code, f"{site.code} {site.name}") for site in sites)],
            ),
        ],
        "clear_url": reverse("access:people") if narrowed or after else "",
        "columns": [_("Person"), _("Roles today"), _("Last sign-in"), _("Second factor"), _("Account")],
        "rows": [_row(user, secured) for user in found],
        "next_url": "?" + urlencode(narrowed | {"after": found[-1].username}) if more else "",
        "first_url": "?" + urlencode(narrowed) if after else "",
    }
    return render(request, "access/people.html", context)


def _row(user: Any, secured: set[int] | None) -> list[Any]:
    return [
        Cell(str(user), url=reverse("access:person", args=[user.username]), detail=user.username),
        "; ".join(f"{ROLES[held.role].label}, {held.where}" for held in user.roles_today),
        human_date_text(user.last_login) if user.last_login else _("never"),
        "" if secured is None else user.pk in secured,
        Cell("", state="active" if user.is_active else "deactivated"),
    ]


def _known(value: str | None, among: list[str]) -> str:
    return value if value in among else ""


@requires(Permission.MANAGE_USERS)
@require_http_methods(METHODS)
def person_new(request: HttpRequest) -> HttpResponse:
    """A new account. Its temporary password is shown once, in the answer to the request that made it."""
    refusal = None
    if request.method == "POST":
        try:
            user, password = people.add_user(
                username=request.POST.get("username", ""),
                display_name=request.POST.get("display_name", ""),
                email=request.POST.get("email", ""),
                by=acting_user(request),
            )
        except NotDone as error:
            refusal = error
        else:
            return _with_password(request, user, password)
    fields = [
        FieldView(
            "username",
            _("User name"),
            value=request.POST.get("username", ""),
            help=_("Small letters, digits, dots, hyphens. It can never be changed."),
        ),
        *_person_fields(request, "", ""),
    ]
    return form_page(
        request,
        fields,
        title=_("Add a person"),
        trail=[(_("People"), reverse("access:people"))],
        lead=_(
            "The account has no role yet. Give roles on the person's page; somebody else gives you yours."
        ),
        save=_("Add"),
        cancel=reverse("access:people"),
        refusal=refusal,
    )


def _person_fields(request: HttpRequest, display_name: str, email: str) -> list[FieldView]:
    return [
        FieldView("display_name", _("Name"), value=request.POST.get("display_name", display_name)),
        FieldView("email", _("E-mail"), value=request.POST.get("email", email), required=False),
    ]


@requires(Permission.MANAGE_USERS)
@require_safe
@in_own_zone
def person(request: HttpRequest, username: str) -> HttpResponse:
    """One person: the account, the roles of then and now, the tokens."""
    return _person(request, selectors.person_or_404(username))


def _person(request: HttpRequest, user: User, *, password: str = "") -> HttpResponse:
    today = timezone.localdate()
    secured = selectors.with_second_factor([user])
    codes = dict(Site.objects.values_list("pk", "code"))
    answer = render(
        request,
        "access/person.html",
        {
            "person": user,
            "secured": bool(secured),
            "own": user.pk == request.user.pk,
            "password": password,
            "facts": _facts(user, secured),
            "role_columns": [
                _("Role"),
                _("Where"),
                _("From"),
                _("Until"),
                _("State"),
                _("Given"),
                _("Ended"),
            ],
            "roles": [_role_row(held, today) for held in selectors.roles_of(user)],
            "tokens": [described(token, codes) for token in _tokens(user)],
        },
        status=201 if password else 200,
    )
    if password:
        answer["Cache-Control"] = "no-store"
    return answer


def _tokens(user: User) -> Any:
    return ApiToken.objects.filter(user=user).order_by("-created")


def _facts(user: User, secured: set[int] | None) -> list[Any]:
    facts: list[Any] = [
        (_("User name"), user.username),
        (_("E-mail"), user.email),
        (_("Last sign-in"), human_date_text(user.last_login) if user.last_login else _("never")),
        (
            _("Password"),
            _("temporary, to be changed") if user.password_is_temporary else _("the person's own"),
        ),
    ]
    if secured is not None:
        facts.append((_("Second factor"), user.pk in secured))
    if not user.is_active and user.deactivated_at is not None:
        facts.append(
            (
                _("Deactivated"),
                human_date_text(user.deactivated_at),
                f"{user.deactivated_by or ''}: {user.deactivation_reason}",
            )
        )
    return facts


def _role_row(held: Membership, today: Any) -> Row:
    state = held.state_on(today)
    endable = state in ("in_force", "ahead")
    return Row(
        [
            Cell(
                str(ROLES[held.role].label),
                url=reverse("access:role-end", args=[held.user.username, held.pk]) if endable else "",
            ),
            held.where,
            human_date_text(held.valid_from),
            human_date_text(held.valid_until) if held.valid_until else "",
            Cell("", state=f"role_{state}"),
            Cell(_("by %s") % held.granted_by if held.granted_by else "", detail=held.reason),
            Cell(
                (_("by %s") % held.ended_by if held.ended_by else ""),
                detail=" · ".join(
                    [*([human_date_text(held.ended_at)] if held.ended_at else []), held.end_reason]
                ).strip(" ·"),
            ),
        ]
    )


@requires(Permission.MANAGE_USERS)
@require_http_methods(METHODS)
def person_change(request: HttpRequest, username: str) -> HttpResponse:
    """Change what a person is called and where the person is reached."""
    user = selectors.person_or_404(username)
    refusal = None
    if request.method == "POST":
        try:
            people.change_user(
                user=user,
                by=acting_user(request),
                expected_version=version_seen(request.POST),
                display_name=request.POST.get("display_name", ""),
                email=request.POST.get("email", ""),
            )
        except NotDone as error:
            refusal = error
            user.refresh_from_db()
        else:
            messages.success(request, _("%s is saved.") % user.username)
            return redirect("access:person", username)
    return form_page(
        request,
        _person_fields(request, user.display_name, user.email),
        title=_("Change %s") % user,
        trail=trail_of(user),
        lead=_("As it stands: %(name)s, %(email)s.") % {"name": user, "email": user.email or _("no e-mail")}
        if refusal
        else "",
        save=_("Save"),
        cancel=reverse("access:person", args=[username]),
        refusal=refusal,
        version=user.version,
    )


@requires(Permission.MANAGE_USERS)
@require_http_methods(METHODS)
def person_password(request: HttpRequest, username: str) -> HttpResponse:
    """A temporary password, shown once."""
    user = selectors.person_or_404(username)
    refusal = None
    if request.method == "POST":
        try:
            password = people.set_temporary_password(user=user, by=acting_user(request))
        except NotDone as error:
            refusal = error
        else:
            user.refresh_from_db()
            return _with_password(request, user, password)
    return form_page(
        request,
        [],
        title=_("New temporary password for %s") % user,
        trail=trail_of(user),
        lead=_("The sessions and tokens of the person end at once. Hand the password over in person."),
        save=_("Make a password"),
        cancel=reverse("access:person", args=[username]),
        refusal=refusal,
        danger=True,
    )


@requires(Permission.MANAGE_USERS)
@require_http_methods(METHODS)
def person_factor(request: HttpRequest, username: str) -> HttpResponse:
    """Take a lost second factor away; the person sets up a new one at the next sign-in."""
    user = selectors.person_or_404(username)
    refusal = None
    if request.method == "POST":
        if user.pk == request.user.pk:
            refusal = refused("own_account", _("Manage your own second factor under “Security”."))
        else:
            second_factor.reset(user=user, by=acting_user(request))
            messages.success(request, _("The second factor of %s is gone.") % user)
            return redirect("access:person", username)
    return form_page(
        request,
        [],
        title=_("Reset the second factor of %s") % user,
        trail=trail_of(user),
        lead=_("For a lost phone or key. Make sure that it is the person who asks: call back, or meet."),
        save=_("Reset it"),
        cancel=reverse("access:person", args=[username]),
        refusal=refusal,
        danger=True,
    )


@requires(Permission.MANAGE_USERS)
@require_http_methods(METHODS)
def person_standing(request: HttpRequest, username: str) -> HttpResponse:
    """Deactivate an account, or open it again."""
    user = selectors.person_or_404(username)
    refusal = None
    if request.method == "POST":
        said: dict[str, Any] = {
            "user": user,
            "by": acting_user(request),
            "reason": request.POST.get("reason", ""),
            "expected_version": version_seen(request.POST),
        }
        try:
            if user.is_active:
                people.deactivate(**said)
            else:
                password = people.reactivate(**said)
                user.refresh_from_db()
                return _with_password(request, user, password)
        except NotDone as error:
            refusal = error
            user.refresh_from_db()
        else:
            messages.success(request, _("%s is deactivated: roles, sessions and tokens have ended.") % user)
            return redirect("access:person", username)
    closing = user.is_active
    return form_page(
        request,
        [reason_field(request.POST)],
        title=(_("Deactivate %s") if closing else _("Reactivate %s")) % user,
        trail=trail_of(user),
        lead=_("Roles, sessions and tokens end at once. What the person entered keeps the name.")
        if closing
        else _("The account opens without any role and with a temporary password. Give roles anew."),
        save=_("Deactivate") if closing else _("Reactivate"),
        cancel=reverse("access:person", args=[username]),
        refusal=refusal,
        danger=closing,
        version=user.version,
    )


@requires(Permission.MANAGE_USERS)
@require_POST
def person_token_revoke(request: HttpRequest, username: str, digest: str) -> HttpResponse:
    """End somebody's token."""
    user = selectors.person_or_404(username)
    token = ApiToken.objects.filter(user=user, token_key=digest).first()
    if token is None:
        raise Http404(_("There is no such token."))
    tokens.revoke(token=token, by=request.user)
    messages.success(request, _("The token no longer works."))
    return redirect("access:person", username)


def _with_password(request: HttpRequest, user: User, password: str) -> HttpResponse:
    return _person(request, user, password=password)


def trail_of(user: User) -> list[tuple[str, str]]:
    return [
        (_("People"), reverse("access:people")),
        (str(user), reverse("access:person", args=[user.username])),
    ]


def acting_user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
