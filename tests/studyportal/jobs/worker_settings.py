"""Settings of the worker process that the tests start and kill: the test database, as the application's role."""

import os

from tests.settings import *  # noqa: F403

DATABASES["default"]["NAME"] = os.environ["JOBS_TEST_DATABASE"]  # noqa: F405
DATABASES["default"]["USER"] = os.environ["JOBS_TEST_ROLE"]  # noqa: F405
CELERY_IMPORTS = ("tests.studyportal.jobs.kinds",)
CELERY_TASK_DEFAULT_QUEUE = os.environ["JOBS_TEST_QUEUE"]
JOBS_STALE_AFTER = 2
