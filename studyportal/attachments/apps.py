from django.apps import AppConfig


class AttachmentsConfig(AppConfig):
    name = "studyportal.attachments"
    label = "attachments"
