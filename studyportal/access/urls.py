from django.urls import path

from studyportal.access import views
from studyportal.access.views import home

__all__ = ["home", "urlpatterns"]

app_name = "access"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("tokens/", views.token_list, name="tokens"),
    path("tokens/<str:digest>/revoke/", views.token_revoke, name="token-revoke"),
]
