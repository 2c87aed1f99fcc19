"""The WSGI application: `gunicorn config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from config.watch import traces

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

traces.start()
application = get_wsgi_application()
