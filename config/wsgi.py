"""The WSGI application: `gunicorn config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.utils.module_loading import import_string

from config.watch import traces

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

traces.start()
application = get_wsgi_application()
import_string("vendors.demo.refuse")()  # by its name, since it knows the vendors, who stand above this
connections.close_all()  # requests have their own, a thread each
