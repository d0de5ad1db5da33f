from django.urls import path

from studyportal.review import closing_views, views

app_name = "review"
urlpatterns = [
    path("review/", views.index, name="index"),
    path("review/progress.csv", views.progress_csv, name="progress-csv"),
    path("review/verify/", views.to_verify, name="to-verify"),
    path("review/sign/", views.to_sign, name="to-sign"),
    path("review/lock/", views.to_lock, name="to-lock"),
    path("review/freeze/", closing_views.freeze, name="freeze"),
    path("review/forms/<slug:key>/<int:pk>/<slug:act>/", views.act, name="act"),
    path("review/visits/<int:pk>/<slug:act>/", closing_views.visit, name="visit"),
]
