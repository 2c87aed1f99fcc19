"""How often beat sends which task: `uploads.tasks.` and its name, in seconds."""

from celery.schedules import schedule

EVERY = {
    name: {"task": f"uploads.tasks.{task}", "schedule": schedule(seconds), "options": {"expires": seconds}}
    for name, task, seconds in (
        ("consume the stream", "consume_stream", 5),
        ("go on with what was left", "upkeep", 5),
        ("go on with feeds of programs", "take_feeds", 5),
        ("deliver webhooks", "deliver_webhooks", 5),
        ("retry rows that waited for what has happened", "retry_waiting", 5),
        ("send the mails of comments", "mail_comments", 15),
        ("send mails to owners that are owed", "mail_owed", 15),
        ("tell of tokens that are about to expire", "mail_expiry", 3600),
        ("fetch sources", "fetch_sources", 15),
        ("forget sessions that have ended", "forget_sessions", 3600),
        ("forget what the security log needn't keep", "purge_security_log", 86_400),
        ("delete what is kept no longer", "delete_old", 3600),
    )
}
