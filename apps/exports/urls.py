from django.urls import path

from apps.exports import views

app_name = "exports"
urlpatterns = [
    path("exports/", views.index, name="index"),
    path("exports/<slug:key>/", views.dataset, name="dataset"),
]
