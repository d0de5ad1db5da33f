from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "studyportal.audit"
    label = "audit"
