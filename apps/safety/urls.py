"""The pages of safety. Each topic adds its lines below its heading."""

from django.urls import path

from apps.safety.views import events

app_name = "safety"
urlpatterns = [
    # Adverse events
    path("adverse-events/", events.listed, name="events"),
    path("adverse-events/<int:pk>/", events.event, name="event"),
]
