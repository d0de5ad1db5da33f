"""The pages of safety. Each topic adds its lines below its heading."""

from django.urls import path

from apps.safety.views import events

app_name = "safety"
urlpatterns = [
    # Adverse events
    path("adverse-events/", events.listed, name="events"),
    path("adverse-events/new/", events.new, name="event-new"),
    path("adverse-events/<int:pk>/", events.event, name="event"),
    path("adverse-events/<int:pk>/link/", events.link, name="event-link"),
    path("participants/<str:code>/adverse-events/new/", events.notice, name="notice"),
]
