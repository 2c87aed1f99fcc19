"""What stands between the apps: settings, addresses, services, and how processes begin."""

import gc

# Before anything else is imported: Django, the apps and what they stand on are 300,000 objects that stay. To look at
# them for cyclic garbage again and again while they are made takes a fifth of each start; and once work has begun, a
# quarter of the consumer's time: a page of records makes 30,000 objects and no cycle.
gc.set_threshold(50_000, 20, 20)

from config.celery import app as celery_app  # noqa: E402 - see above

__all__ = ["celery_app"]
