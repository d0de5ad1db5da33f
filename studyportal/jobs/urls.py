from django.urls import path

from . import views

urlpatterns = [
    path("jobs/", views.index, name="jobs"),
    path("jobs/<int:job_id>/", views.detail, name="job"),
    path("jobs/<int:job_id>/progress/", views.progress, name="job-progress"),
    path("jobs/<int:job_id>/cancel/", views.cancel, name="job-cancel"),
    path("jobs/<int:job_id>/retry/", views.retry, name="job-retry"),
]
