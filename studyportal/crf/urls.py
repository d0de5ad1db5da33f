from django.urls import path

from studyportal.crf import check_views, draft_views, signing_views, views

app_name = "crf"
urlpatterns = [
    path("participants/<str:code>/forms/<slug:key>/new/", views.new, name="new"),
    path("forms/<slug:key>/<int:pk>/", views.edit, name="edit"),
    path("forms/<slug:key>/<int:pk>/history/", views.history, name="history"),
    path("forms/<slug:key>/<int:pk>/sign/", signing_views.sign, name="sign"),
    path("forms/<slug:key>/check/", check_views.check, name="check"),
    path("forms/drafts/", draft_views.keep, name="draft-keep"),
    path("forms/drafts/<int:pk>/discard/", draft_views.discard, name="draft-discard"),
]
