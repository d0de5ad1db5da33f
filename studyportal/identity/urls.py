from django.urls import path

from studyportal.identity import duplicate_views, views

app_name = "identity"
urlpatterns = [
    # Before any `participants/<code>/`: no code looks like this.
    path("participants/find/", views.find, name="find"),
    path("participants/possible-duplicates/", duplicate_views.board, name="duplicates"),
    path("participants/possible-duplicates/<uuid:pk>/", duplicate_views.pair, name="duplicate"),
    path("participants/<str:code>/identity/", views.show, name="show"),
    path("participants/<str:code>/identity/change/", views.change, name="change"),
]
