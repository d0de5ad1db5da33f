from django.urls import path

from studyportal.mail import views

app_name = "mail"
urlpatterns = [path("account/mails/", views.choices, name="choices")]
