from django.urls import path

from studyportal.access.views import delegations, memberships, people, roles, sign_in, sites, tokens
from studyportal.access.views.home import home

__all__ = ["home", "urlpatterns"]

app_name = "access"
urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("tokens/", tokens.token_list, name="tokens"),
    path("tokens/<str:digest>/revoke/", tokens.token_revoke, name="token-revoke"),
    path("people/", people.people_list, name="people"),
    path("people/new/", people.person_new, name="person-new"),
    path("people/<str:username>/", people.person, name="person"),
    path("people/<str:username>/change/", people.person_change, name="person-change"),
    path("people/<str:username>/password/", people.person_password, name="person-password"),
    path("people/<str:username>/second-factor/", people.person_factor, name="person-factor"),
    path("people/<str:username>/standing/", people.person_standing, name="person-standing"),
    path("people/<str:username>/roles/new/", memberships.role_new, name="role-new"),
    path("people/<str:username>/roles/<int:pk>/end/", memberships.role_end, name="role-end"),
    path(
        "people/<str:username>/tokens/<str:digest>/revoke/",
        people.person_token_revoke,
        name="person-token-revoke",
    ),
    path("sites/", sites.site_list, name="sites"),
    path("sites/new/", sites.site_new, name="site-new"),
    path("sites/<str:code>/", sites.site, name="site"),
    path("sites/<str:code>/standing/", sites.site_standing, name="site-standing"),
    path("delegations/", delegations.delegation_log, name="delegations"),
    path("delegations/log.csv", delegations.delegation_csv, name="delegations-csv"),
    path("access/roles/", roles.roles, name="roles"),
]
