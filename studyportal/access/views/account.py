"""One's own security: second step, password, second factors, sessions. allauth does it; the pages are ours."""

from __future__ import annotations

from typing import Any

from allauth.account import views as account_views
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import views as code_views
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_views
from allauth.mfa.totp import views as totp_views
from allauth.mfa.webauthn import views as passkey_views
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from studyportal.access.clock import in_own_zone
from studyportal.access.declare import get_own_or_404
from studyportal.access.signing_in import gate, own_sessions, second_factor, sessions

SECURITY = reverse_lazy("mfa_index")

# --- On the way in ---------------------------------------------------------------------------------------


class SecondStep(code_views.AuthenticateView):
    template_name = "mfa/authenticate.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        types = Authenticator.objects.filter(user=self.stage.login.user).values_list("type", flat=True)
        return context | {"types": set(types)}


class PasskeySignIn(passkey_views.LoginWebAuthnView):
    """GET gives the challenge to the script of the sign-in page; POST takes its answer."""


# --- Once more -------------------------------------------------------------------------------------------


class _Again:
    """Who has nothing to confirm with (no password, no factor) is not asked."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not account_views.get_adapter().get_reauthentication_methods(request.user):
            return redirect(SECURITY)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class PasswordAgain(_Again, account_views.ReauthenticateView):
    template_name = "account/reauthenticate.html"


class CodeAgain(_Again, code_views.ReauthenticateView):
    template_name = "mfa/reauthenticate.html"


class PasskeyAgain(_Again, passkey_views.ReauthenticateWebAuthnView):
    template_name = "mfa/webauthn/reauthenticate.html"

    def form_invalid(self, form: Any) -> HttpResponse:
        super().form_invalid(form)  # says why
        return redirect(self.request.get_full_path())


# --- Password --------------------------------------------------------------------------------------------


class ChangePassword(account_views.PasswordChangeView):
    template_name = "account/password_change.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not request.user.has_usable_password():
            messages.error(request, _("Your account has no password. Ask the administrator for one."))
            return redirect(SECURITY)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"duty": gate.duty_of(self.request.user)}


# --- Second factors --------------------------------------------------------------------------------------


class Security(code_views.IndexView):
    template_name = "mfa/index.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        user = self.request.user
        duty = gate.duty_of(user)
        return context | {
            "duty": duty,
            "required": second_factor.required_of(user),
            "has_password": user.has_usable_password(),
            "has_factor": second_factor.has(user),
        }


class AddApp(totp_views.ActivateTOTPView):
    template_name = "mfa/totp/activate_form.html"


class RemoveApp(totp_views.DeactivateTOTPView):
    template_name = "mfa/totp/deactivate_form.html"


class RecoveryCodes(recovery_views.ViewRecoveryCodesView):
    template_name = "mfa/recovery_codes/index.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context | {"lines": "\n".join(context["unused_codes"])}


class NewRecoveryCodes(recovery_views.GenerateRecoveryCodesView):
    template_name = "mfa/recovery_codes/generate.html"


class AddPasskey(passkey_views.AddWebAuthnView):
    template_name = "mfa/webauthn/add_form.html"


class RenamePasskey(passkey_views.EditWebAuthnView):
    template_name = "mfa/webauthn/edit_form.html"
    success_url = SECURITY


class RemovePasskey(passkey_views.RemoveWebAuthnView):
    template_name = "mfa/webauthn/authenticator_confirm_delete.html"
    success_url = SECURITY

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"kept": self._kept()}

    def form_valid(self, form: Any) -> HttpResponse:
        # allauth asks this for the authenticator app, but not for passkeys.
        if said := self._kept():
            messages.error(self.request, said)
            return redirect(SECURITY)
        return super().form_valid(form)

    def _kept(self) -> str:
        adapter = get_adapter()
        if adapter.can_delete_authenticator(self.get_object()):
            return ""
        return str(adapter.error_messages["cannot_delete_authenticator"])


# --- Sessions --------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def session_state(request: HttpRequest) -> HttpResponse:
    """Seconds left; POST is the button “Stay signed in”."""
    remaining, renewable = sessions.remaining_s(request.session)
    return JsonResponse({"remaining": remaining, "renewable": renewable})


@require_GET
@in_own_zone
def session_list(request: HttpRequest) -> HttpResponse:
    return render(request, "usersessions/usersession_list.html", {"sessions": own_sessions.own(request)})


@require_POST
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    chosen = get_own_or_404(UserSession, request.user, pk=pk)
    if chosen.session_key == request.session.session_key:
        messages.info(request, _("This is the session that you are using. Sign out to end it."))
        return redirect("usersessions_list")
    own_sessions.end(request=request, chosen=chosen)
    messages.success(request, _("That session has ended."))
    return redirect("usersessions_list")


@require_POST
def session_end_others(request: HttpRequest) -> HttpResponse:
    count = own_sessions.end_others(request=request)
    said = ngettext("%d other session has ended.", "%d other sessions have ended.", count) % count
    messages.success(request, said)
    return redirect("usersessions_list")
