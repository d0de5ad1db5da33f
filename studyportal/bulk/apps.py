from django.apps import AppConfig


class BulkConfig(AppConfig):
    name = "studyportal.bulk"
    label = "bulk"

    def ready(self) -> None:
        # The apps of the study have declared their forms: `crf` found them when it was ready.
        from studyportal.bulk.importers import register_all

        register_all()
