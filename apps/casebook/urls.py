from django.urls import path

from apps.casebook.acts import ACTS
from apps.casebook.calendar import views as calendar
from apps.casebook.printing import views as printing
from apps.casebook.views import acts, entry, pages

app_name = "casebook"
urlpatterns = [
    path("worklist/", pages.worklist, name="worklist"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/feed/new/", calendar.make_feed, name="calendar-feed-new"),
    path("calendar/feed/end/", calendar.take_back_feed, name="calendar-feed-end"),
    path("calendar/feed/<str:secret>.ics", calendar.feed, name="calendar-feed"),
    path("participants/", pages.participants, name="participants"),
    path("participants/<str:code>/", pages.participant, name="participant"),
    *(
        path(f"participants/<str:code>/{key}/", acts.act, {"key": key}, name=f"participant-{key}")
        for key in ACTS
    ),
    path("participants/<str:code>/print/", printing.choose, name="print"),
    path("participants/<str:code>/print/cover.pdf", printing.cover, name="print-cover"),
    path("participants/<str:code>/print/<int:job_id>/", printing.made, name="print-made"),
    path("participants/<str:code>/visits/new/", entry.new_visit, name="visit-new"),
    path("participants/<str:code>/visits/<int:pk>/", entry.visit, name="visit"),
    path("participants/<str:code>/records/<slug:form>/", pages.records, name="records"),
]
