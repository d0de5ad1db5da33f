from django.urls import path

from apps.casebook import entry, views

app_name = "casebook"
urlpatterns = [
    path("worklist/", views.worklist, name="worklist"),
    path("participants/", views.participants, name="participants"),
    path("participants/register/", entry.register, name="register"),
    path("participants/<str:code>/", views.participant, name="participant"),
    path("participants/<str:code>/change/", entry.change, name="participant-change"),
    path("participants/<str:code>/visits/new/", entry.new_visit, name="visit-new"),
    path("participants/<str:code>/visits/<int:pk>/", entry.visit, name="visit"),
    path("participants/<str:code>/records/<slug:form>/", views.records, name="records"),
    path("participants/<str:code>/consent/new/", entry.new_consent, name="consent-new"),
    path("participants/<str:code>/queries/new/", entry.new_query, name="query-new"),
    path("queries/", views.queries, name="queries"),
    path("queries/<int:pk>/answer/", views.answer_query, name="query-answer"),
    path("queries/<int:pk>/close/", views.close_query, name="query-close"),
    path("queries/<int:pk>/reopen/", views.reopen_query, name="query-reopen"),
]
