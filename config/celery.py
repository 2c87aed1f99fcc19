"""The Celery application: `celery -A config worker`, `celery -A config beat`.

Redis only wakes workers. What there is to do stands in PostgreSQL, so losing every message loses nothing: the
schedule below finds it again.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("onboarding")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
