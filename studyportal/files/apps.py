from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "studyportal.files"
    label = "files"
