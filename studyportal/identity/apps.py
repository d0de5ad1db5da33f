from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "studyportal.identity"
    label = "identity"
