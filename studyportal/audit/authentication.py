"""Sign-in of scripts. The token's user is named in the history of everything that the request writes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from rest_framework.authentication import SessionAuthentication as DrfSessionAuthentication
from rest_framework.exceptions import AuthenticationFailed

from studyportal.access.signing_in import gate
from studyportal.access.tokens import note_use
from studyportal.api.client import address_of
from studyportal.api.throttling import refuse_when_over
from studyportal.audit.context import identify


class TokenAuthentication(KnoxTokenAuthentication):
    """`Authorization: Token …`. An expired or unknown token is 401 and says so."""

    def authenticate(self, request: Any) -> Any:
        try:
            answer = super().authenticate(request)
        except ValueError:  # no UTF-8, or a NUL character
            refuse_when_over("wrong_tokens", address_of(request))
            raise AuthenticationFailed(_("The token contains characters that no token has.")) from None
        except AuthenticationFailed:
            refuse_when_over("wrong_tokens", address_of(request))
            raise
        if answer is not None:
            user, token = answer
            identify(user)
            # From here on this user may what the token leaves, on every road.
            user.narrow(token.narrowing)
            gate.check(user, request._request)
            note_use(token, address_of(request) or None)
        return answer

    def _cleanup_token(self, auth_token: Any) -> bool:
        """Expired tokens are refused here and removed once a day (`access.tasks`), not by each request."""
        if auth_token.expiry is not None and auth_token.expiry <= timezone.now():
            raise AuthenticationFailed(
                _("This token has expired. Make a new one under “API tokens” or at /api/v1/tokens/.")
            )
        return False


class SessionAuthentication(DrfSessionAuthentication):
    """The browser's session; writes need the CSRF token. Unlike DRF's own, a stranger gets 401, not 403."""

    def authenticate(self, request: Any) -> Any:
        answer = super().authenticate(request)
        if answer is not None:
            identify(answer[0])
            gate.check(answer[0], request._request)
        return answer

    def authenticate_header(self, request: Any) -> str:
        return "Session"


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Authorization: Token …` with a token from /api/v1/tokens/ or from the page “API tokens”.",
        }


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
