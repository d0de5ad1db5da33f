from django.urls import path

from studyportal.identity import views

app_name = "identity"
urlpatterns = [
    # Before any `participants/<code>/`: no code looks like this.
    path("participants/find/", views.find, name="find"),
    path("participants/<str:code>/identity/", views.show, name="show"),
    path("participants/<str:code>/identity/change/", views.change, name="change"),
]
