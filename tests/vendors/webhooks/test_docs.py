"""docs/webhooks.md: each event stands in it, and its two ways to check a signature say what is sent."""

import re
import subprocess
from pathlib import Path

from django.utils import timezone

from security import at_rest
from vendors.models import Vendor, Webhook
from vendors.webhooks import deliver, sign

TEXT = Path("docs/webhooks.md").read_text()


def block(name: str) -> str:
    found = re.search(rf"<!-- {re.escape(name)} -->\n```\w+\n(.*?)```", TEXT, re.S)
    assert found, name
    return found[1]


def test_every_event_and_every_wait_is_in_the_docs() -> None:
    assert set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", TEXT, re.M)) == set(Webhook.Event.values)
    said = "5 seconds, 5 minutes, 30 minutes, 2, 5, 10, 14, 20 and 24 hours"
    assert said in TEXT
    assert (5, 5 * 60, 30 * 60, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24))) == deliver.WAITS


def test_signatures_are_checked_as_the_docs_say(vendor: Vendor, tmp_path: Path) -> None:
    secret, body, now = sign.new_secret(), '{"type":"feed.held","data":{"file_name":"Lämpchen.csv"}}', timezone.now()
    webhook = Webhook(vendor=vendor, url="https://erp.example/", events=[], secret=at_rest.encrypt(secret))
    sent = sign.headers(webhook, "msg_1", body, now)
    known: dict[str, object] = {}
    exec(block("verify.py"), known)  # noqa: S102 - our own docs
    told = known["told"]
    assert callable(told)
    assert told(body.encode(), sent, secret)["type"] == "feed.held"
    (tmp_path / "body.json").write_text(body)
    names = {"SECRET": secret, "ID": "msg_1", "TIMESTAMP": sent["webhook-timestamp"], "PATH": "/usr/bin:/bin"}
    made = subprocess.run(
        ["/bin/sh", "-c", block("verify.sh")], cwd=tmp_path, env=names, capture_output=True, text=True, check=True
    )
    assert made.stdout.strip() == sent["webhook-signature"]
