from django.apps import AppConfig


class BulkConfig(AppConfig):
    name = "studyportal.bulk"
    label = "bulk"
