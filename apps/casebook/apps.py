from django.apps import AppConfig


class CasebookConfig(AppConfig):
    name = "apps.casebook"
    label = "casebook"
