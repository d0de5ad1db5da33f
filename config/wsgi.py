"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from config.health import with_health

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = with_health(get_wsgi_application())
