from django.apps import AppConfig


class DeviationsConfig(AppConfig):
    name = "studyportal.deviations"
    label = "deviations"
