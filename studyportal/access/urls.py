from django.urls import path

from studyportal.access.views import sign_in, tokens
from studyportal.access.views.home import home

__all__ = ["home", "urlpatterns"]

app_name = "access"
urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("tokens/", tokens.token_list, name="tokens"),
    path("tokens/<str:digest>/revoke/", tokens.token_revoke, name="token-revoke"),
]
