"""One sentence for a service that isn't there, and how to start it."""

import os

REMEDY = "Start the services with: make up"


def explain(error: BaseException) -> str | None:
    """What to tell the person at the terminal if the error means that a service is away; None for any other error.

    Looks through the chain of causes, since each library wraps the refusal in its own exception.
    """
    import botocore.exceptions  # only where something failed: commands start without these
    import kombu.exceptions  # as above
    import psycopg  # as above
    import redis.exceptions  # as above

    away: tuple[tuple[str, str, tuple[type[BaseException], ...]], ...] = (
        ("PostgreSQL", "DATABASE_URL", (psycopg.OperationalError,)),
        ("Redis", "REDIS_URL", (redis.exceptions.ConnectionError, kombu.exceptions.OperationalError)),
        (
            "The AWS endpoint",
            "AWS_ENDPOINT_URL",
            (botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError),
        ),
    )
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, botocore.exceptions.NoCredentialsError):
            return "There are no AWS credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a role."
        for name, variable, kinds in away:
            if isinstance(cause, kinds) and getattr(cause, "sqlstate", None) is None:
                remedy = f"Check {variable}." if os.environ.get(variable) else REMEDY
                return f"{name} {_complaint(cause)}. {remedy}"
        cause = cause.__cause__ or cause.__context__
    return None


def _complaint(error: BaseException) -> str:
    """What it does; PostgreSQL says FATAL when it is there but lets nobody in."""
    _, fatal, reason = str(error).partition("FATAL:  ")
    return f"refuses the connection: {reason.splitlines()[0]}" if fatal else "isn't reachable"
