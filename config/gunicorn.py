"""Settings of gunicorn: `gunicorn --config python:config.gunicorn config.wsgi`."""

import os
import signal
from typing import Any

worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
preload_app = True  # one import for all workers; connections are opened after the fork
timeout = 60
graceful_timeout = 8
keepalive = 75  # longer than the proxy keeps its connections
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112
control_socket_disable = True
accesslog = "-"
access_log_format = "%(t)s %(s)s %(m)s %(U)s %(b)sB %(M)sms"  # no query string: it may name a person


def post_fork(server: Any, worker: Any) -> None:
    """A worker ends with its master, even when that one is killed."""
    from studyportal.embedded.processes import die_with_parent

    die_with_parent(signal.SIGKILL)
