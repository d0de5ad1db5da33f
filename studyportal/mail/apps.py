from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "studyportal.mail"
    label = "mail"
