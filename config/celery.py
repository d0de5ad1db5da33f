"""The Celery application: `celery -A config worker`, `celery -A config beat`."""

import os
import signal
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("studyportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def die_with_the_worker(**_: Any) -> None:
    """A pool process ends with its worker, even when that one is killed; the job is then rescued."""
    from studyportal.embedded.processes import die_with_parent

    die_with_parent(signal.SIGKILL)
