"""The pages of safety. Each topic adds its lines below its heading."""

from django.urls import path

from apps.safety.views import alerts, clocks, events, reports

app_name = "safety"
urlpatterns = [
    # Adverse events
    path("adverse-events/", events.listed, name="events"),
    path("adverse-events/new/", events.new, name="event-new"),
    path("adverse-events/<int:pk>/", events.event, name="event"),
    path("adverse-events/<int:pk>/link/", events.link, name="event-link"),
    path("participants/<str:code>/adverse-events/new/", events.notice, name="notice"),
    # Clocks, reports, alerts
    path("safety/", clocks.overview, name="overview"),
    path("adverse-events/<int:pk>/report/", reports.new, name="report-new"),
    path("adverse-events/<int:pk>/report/preview/", reports.preview, name="report-preview"),
    path("safety/reports/", reports.every, name="reports"),
    path("safety/reports/<int:pk>/", reports.report, name="report"),
    path("safety/reports/<int:pk>/pdf/", reports.pdf, name="report-pdf"),
    path("safety/reports/<int:pk>/correct/", reports.correct, name="report-correct"),
    path("safety/alerts/<int:pk>/", alerts.alert, name="alert"),
    path("safety/alerts/<int:pk>/acknowledge/", alerts.acknowledge, name="alert-acknowledge"),
]
