"""What CloudWatch is told, where METRICS_NAMESPACE names a place for it: figures that alarms and scaling follow.

They go out as log lines of the embedded metric format, which CloudWatch Logs makes metrics of; so telling them takes no
call and no permission. The schedule's process writes them, of which there is one, and which goes on when all workers
are busy or away. Its lines have to be JSON then (config/settings.py).

The format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.conf import settings
from django.db import connection

from uploads.insight import metrics

logger = logging.getLogger(__name__)
EVERY: Final = 60.0  # seconds; CloudWatch charges for metrics, not for how often one is told
DIMENSION: Final = "Queue"
STREAM: Final = "stream"
# Each figure's name there. What has no queue among its labels is of the queue of those who can do something about it.
TOLD: Final = {metrics.LAG: "OldestPendingSeconds", metrics.QUEUE_AGE: "QueueAgeSeconds"}


def lines(samples: Iterable[metrics.Sample], namespace: str, now: float) -> Iterator[dict[str, Any]]:
    """What of these figures is told, a JSON object each; `now` in seconds since 1970."""
    for name, labels, figure in samples:
        if name in TOLD:
            told = {"Namespace": namespace, "Dimensions": [[DIMENSION]],
                    "Metrics": [{"Name": TOLD[name], "Unit": "Seconds"}]}  # fmt: skip
            about = {"Timestamp": int(now * 1000), "CloudWatchMetrics": [told]}
            yield {"_aws": about, DIMENSION: (*labels, STREAM)[0], TOLD[name]: round(figure, 1)}


def tell() -> None:
    """Once. What can't be known isn't told, which the alarm takes for a bad sign."""
    try:
        known = metrics.known()
    finally:
        connection.close()
    for facts in lines(known, settings.METRICS_NAMESPACE, time.time()):
        logger.info("Told to CloudWatch", extra={"facts": facts})


def start() -> threading.Event | None:
    """Tell it every minute from now on, in a thread, until the event is set; None where no namespace is named."""
    if not settings.METRICS_NAMESPACE:
        return None
    ended = threading.Event()

    def again_and_again() -> None:
        while True:
            try:
                tell()
            except Exception:
                logger.exception("CloudWatch can't be told")
            if ended.wait(EVERY):
                return

    threading.Thread(target=again_and_again, name="cloudwatch", daemon=True).start()
    return ended
