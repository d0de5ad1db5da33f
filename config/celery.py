"""The Celery application: `celery -A config worker`, `celery -A config beat`."""

import os
import signal
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_process_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("studyportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
@beat_init.connect
def say_ready(**_: Any) -> None:
    """The supervisor waits for this file."""
    if path := os.environ.get("STUDYPORTAL_READY_FILE"):
        Path(path).touch()


@worker_process_init.connect
def die_with_the_worker(**_: Any) -> None:
    """A pool process ends with its worker, even when that one is killed; the job is then rescued."""
    from studyportal.embedded.processes import die_with_parent

    die_with_parent(signal.SIGKILL)
