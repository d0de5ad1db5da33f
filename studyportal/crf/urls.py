from django.urls import path

from studyportal.crf import signing_views, views

app_name = "crf"
urlpatterns = [
    path("participants/<str:code>/forms/<slug:key>/new/", views.new, name="new"),
    path("forms/<slug:key>/<int:pk>/", views.edit, name="edit"),
    path("forms/<slug:key>/<int:pk>/history/", views.history, name="history"),
    path("forms/<slug:key>/<int:pk>/sign/", signing_views.sign, name="sign"),
    path("queries/<int:pk>/explain/", views.explain, name="explain"),
]
