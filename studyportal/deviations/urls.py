from django.urls import path

from studyportal.deviations import views

app_name = "deviations"
urlpatterns = [
    path("deviations/", views.index, name="list"),
    path("deviations/list.csv", views.as_csv, name="csv"),
    path("deviations/print/", views.to_print, name="print"),
    path("deviations/new/", views.new, name="new"),
    path("deviations/lists/<slug:key>/", views.listing, name="listing"),
    path("deviations/<int:pk>/", views.one, name="deviation"),
    path("deviations/<int:pk>/<slug:key>/", views.act, name="act"),
]
