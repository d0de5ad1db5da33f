from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "studyportal.api"
    label = "api"
