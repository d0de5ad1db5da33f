from django.urls import path

from studyportal.crf import views

app_name = "crf"
urlpatterns = [
    path("participants/<str:code>/forms/<slug:key>/new/", views.new, name="new"),
    path("forms/<slug:key>/<int:pk>/", views.edit, name="edit"),
    path("forms/<slug:key>/<int:pk>/history/", views.history, name="history"),
    path("queries/<int:pk>/explain/", views.explain, name="explain"),
]
