from django.urls import path

from apps.outcomes import views

app_name = "outcomes"
urlpatterns = [
    path("flow/", views.flow, name="flow"),
    path("outcomes/", views.index, name="index"),
    path("outcomes/run/<slug:key>/", views.run, name="run"),
    path("outcomes/<int:pk>/", views.table, name="table"),
]
