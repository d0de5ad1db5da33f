from django.apps import AppConfig


class SignaturesConfig(AppConfig):
    name = "studyportal.signatures"
    label = "signatures"
