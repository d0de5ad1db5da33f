from django.urls import path

from apps.outcomes import safety_views, views

app_name = "outcomes"
urlpatterns = [
    path("flow/", views.flow, name="flow"),
    path("outcomes/", views.index, name="index"),
    path("outcomes/run/<slug:key>/", views.run, name="run"),
    path("outcomes/<int:pk>/", views.table, name="table"),
    path("safety-tables/", safety_views.index, name="safety-index"),
    path("safety-tables/run/", safety_views.run, name="safety-run"),
    path("safety-tables/<int:pk>/", safety_views.tables, name="safety-tables"),
    path("safety-tables/<int:pk>/unmask/", safety_views.unmask, name="safety-unmask"),
    path("safety-tables/<int:pk>/<slug:key>/", safety_views.tables, name="safety-table"),
]
