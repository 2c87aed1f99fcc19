"""gunicorn's settings, which it finds in the folder that it is started in: `gunicorn config.wsgi`.

`--bind` says where it listens. Limits of bodies and times stand in config/bodies/, what is logged in config/watch/.
"""

import os
from pathlib import Path
from typing import Any

import environ

from config.watch import counted, server

environ.Env.read_env(Path(__file__).with_name(".env"))  # as config/settings.py does, which isn't read yet

worker_class = "config.bodies.worker.Worker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 16  # of each worker, with a connection to PostgreSQL each
keepalive = 0
worker_connections = 1000  # of each worker: requests that come and go; more wait in the kernel
graceful_timeout = 30  # for requests under way when it is stopped
control_socket_disable = True
logger_class = server.Log
accesslog = server.access_log(os.environ)


def on_starting(arbiter: Any) -> None:
    """Before any process is forked: the folder that all of them count in."""
    counted.open_folder("web")


def post_fork(arbiter: Any, worker: Any) -> None:
    """In each new process: what those counted that died isn't lost."""
    counted.bury()
