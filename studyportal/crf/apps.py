from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CrfConfig(AppConfig):
    name = "studyportal.crf"
    label = "crf"

    def ready(self) -> None:
        autodiscover_modules("crfs")
        from studyportal.crf import asked, checks_of_protocol  # noqa: F401  register themselves
