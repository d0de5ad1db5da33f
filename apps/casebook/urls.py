from django.urls import path

from apps.casebook.acts import ACTS
from apps.casebook.views import acts, entry, pages

app_name = "casebook"
urlpatterns = [
    path("worklist/", pages.worklist, name="worklist"),
    path("participants/", pages.participants, name="participants"),
    path("participants/<str:code>/", pages.participant, name="participant"),
    *(
        path(f"participants/<str:code>/{key}/", acts.act, {"key": key}, name=f"participant-{key}")
        for key in ACTS
    ),
    path("participants/<str:code>/visits/new/", entry.new_visit, name="visit-new"),
    path("participants/<str:code>/visits/<int:pk>/", entry.visit, name="visit"),
    path("participants/<str:code>/records/<slug:form>/", pages.records, name="records"),
]
