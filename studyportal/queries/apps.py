from django.apps import AppConfig


class QueriesConfig(AppConfig):
    name = "studyportal.queries"
    label = "queries"
