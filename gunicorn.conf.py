"""gunicorn's settings, which it finds in the folder that it is started in: `gunicorn config.wsgi`.

`--bind` says where it listens. Limits of bodies and times stand in config/bodies/.
"""

import os

worker_class = "config.bodies.worker.Worker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 16  # of each worker, with a connection to PostgreSQL each
keepalive = 0
worker_connections = 1000  # of each worker: requests that come and go; more wait in the kernel
graceful_timeout = 30  # for requests under way when it is stopped
control_socket_disable = True
