"""The sentences for a service that isn't there or lets nobody in: what happened, and what to do about it.

Commands say them at the terminal (`explain`), workers in the log and staff on the dashboard (uploads/work/outages.py).
Each ends with the remedy as a sentence of its own.
"""

import os
import re

from config.embedded import services

REMEDY = "Start the services with: make up"
MESSAGE_CHARS = 300  # of what a service says; a proxy may say a whole page
NEW_CREDENTIALS = "Renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN or the role, and start again"

# What AWS's services say to whoever asks, whatever is asked: docs.aws.amazon.com has "Common Errors" for DynamoDB, and
# "Error responses" for S3, where a HEAD has nothing but the status.
_CREDENTIALS = {
    "AuthFailure", "AuthorizationHeaderMalformed", "CredentialsNotSupported", "ExpiredToken", "ExpiredTokenException",
    "IncompleteSignature", "IncompleteSignatureException", "InvalidAccessKeyId", "InvalidClientTokenId",
    "InvalidSecurity", "InvalidSignatureException", "InvalidToken", "InvalidTokenException",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException", "MissingSecurityHeader",
    "SignatureDoesNotMatch", "TokenRefreshRequired", "Unauthorized", "UnauthorizedException",
    "UnrecognizedClientException", "401", "407",
}  # fmt: skip
_PERMISSIONS = {
    "AccessDenied", "AccessDeniedException", "AccountProblem", "AllAccessDisabled", "Forbidden", "NotAuthorized",
    "NotSignedUp", "OptInRequired", "SubscriptionRequiredException", "UnauthorizedAccess",
    "UnauthorizedOperation", "403",
}  # fmt: skip
_OWN_ENDPOINT = {"DynamoDB": "AWS_ENDPOINT_URL_DYNAMODB", "S3": "AWS_ENDPOINT_URL_S3"}
_ENDPOINTS = (
    *_OWN_ENDPOINT.values(), "AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "AWS_ENDPOINT_URL_DYNAMODBSTREAMS",
    "AWS_ENDPOINT_URL",
)  # fmt: skip
# What libraries and servers say, and what to do about it; the first that fits. docs/troubleshooting.md says more.
_REMEDIES = {
    "DATABASE_URL": (
        ("password authentication failed", "Check user and password in DATABASE_URL: in it @ : / # % are written "
         "%40 %3A %2F %23 %25."),
        ("no encryption", "Let DATABASE_URL end in ?sslmode=verify-full&sslrootcert=/path/to/ca.pem."),
        ("no pg_hba.conf entry", "Let pg_hba.conf of PostgreSQL take this user, database and address."),
        ("does not support SSL", "Turn TLS on in PostgreSQL, or take sslmode out of DATABASE_URL on one machine."),
        ("does not match host name", "Name PostgreSQL in DATABASE_URL as its certificate does."),
        ("certificate", "Check that sslrootcert in DATABASE_URL is a file with the authority of PostgreSQL's "
         "certificate; RDS has its own."),
        ("does not exist", "Make it in PostgreSQL, or check DATABASE_URL."),
        ("too many clients", "Let PostgreSQL take more connections, run fewer processes, or put a pool in front."),
        ("connection slots", "Let PostgreSQL take more connections, run fewer processes, or put a pool in front."),
        ("timeout expired", "Check host and port in DATABASE_URL, and that security groups and firewalls let this "
         "machine in."),
        ("resolve host", "Check the host in DATABASE_URL, and whether its name is known outside its own network."),
    ),
    "REDIS_URL": (
        ("username-password", "Check the password in REDIS_URL."),
        ("Authentication required", "REDIS_URL lacks the password: redis://:password@host:6379/0."),
        ("Timeout", "Check host and port in REDIS_URL, firewalls, and that it begins with rediss: exactly where Redis "
         "speaks TLS."),
        ("closed by server", "Check that REDIS_URL begins with rediss: where Redis speaks TLS."),
    ),
}  # fmt: skip
_REFUSES = ("username-password", "Authentication required")
_CLOCK = {"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"}


def explain(error: BaseException, aws: str = "The AWS endpoint") -> str | None:
    """What to tell the person at the terminal if the error means that a service is away; None for any other error.

    Looks through the chain of causes, since each library wraps the refusal in its own exception. `aws` is what a
    service of AWS is called: commands talk to several at one endpoint.
    """
    import kombu.exceptions  # only where something failed: commands start without these
    import psycopg  # as above
    import redis.exceptions  # as above

    away: tuple[tuple[str, str, tuple[type[BaseException], ...]], ...] = (
        ("PostgreSQL", "DATABASE_URL", (psycopg.OperationalError,)),
        ("Redis", "REDIS_URL", (redis.exceptions.ConnectionError, kombu.exceptions.OperationalError)),
    )
    cause: BaseException | None = error
    while cause is not None:
        for name, variable, kinds in away:
            if isinstance(cause, kinds) and getattr(cause, "sqlstate", None) is None:
                return _away(name, variable, str(cause))
        if sentence := of_aws(aws, cause) or _of_tables(cause):
            return sentence
        cause = cause.__cause__ or cause.__context__
    return None


def _of_tables(error: BaseException) -> str | None:
    """What to tell where PostgreSQL's tables aren't those that a command needs; None for any other error."""
    import psycopg.errors as said  # as in explain

    if isinstance(error, said.DuplicateTable | said.DuplicateObject | said.DuplicateFunction):
        return (
            f"PostgreSQL has something already that a migration makes: {brief(str(error))}. "
            "Use an empty database, or restore a dump as a whole, with its table django_migrations."
        )
    if isinstance(error, said.UndefinedTable | said.UndefinedColumn) and _migrations_are_missing():
        return f"PostgreSQL lacks tables of this version: {brief(str(error))}. Run: manage.py migrate"
    if isinstance(error, said.InsufficientPrivilege):
        return (
            f"PostgreSQL denies the permission: {brief(str(error))}. "
            "Make the user of DATABASE_URL the owner of the database: ALTER DATABASE … OWNER TO …"
        )
    return None


def _migrations_are_missing() -> bool:
    from django.db import connection  # this module is read before Django is ready
    from django.db.migrations.executor import MigrationExecutor  # as above

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def of_aws(service: str, error: BaseException) -> str | None:
    """What to tell where botocore's error means that nobody can ask this service anything; None for any other error."""
    import botocore.exceptions as said  # only where something failed: commands start without it

    if isinstance(error, said.ClientError):
        found = error.response.get("Error", {})
        return refused(service, str(found.get("Code", "")), str(found.get("Message", "")))
    if isinstance(error, said.ConnectionError | said.HTTPClientError):
        return f"{service} isn't reachable. {_endpoint_remedy(str(error))}"
    if isinstance(error, said.NoCredentialsError):
        return "There are no AWS credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a role."
    if isinstance(
        error,
        said.PartialCredentialsError | said.CredentialRetrievalError | said.TokenRetrievalError | said.NoAuthTokenError
        | said.SSOError | said.LoginError | said.MetadataRetrievalError | said.RefreshWithMFAUnsupportedError
        | said.UnknownCredentialError | said.ProfileNotFound | said.ConfigNotFound | said.ConfigParseError
        | said.InfiniteLoopConfigError | said.NoRegionError,
    ):  # fmt: skip
        return f"There are no AWS credentials that work: {brief(str(error))}. {NEW_CREDENTIALS}."
    return None


def refused(service: str, code: str, message: str) -> str | None:
    """What to tell where AWS refuses whoever asks, by the error's code; None for what is about the request itself."""
    said = f": {brief(message)}" if message.strip() else f" ({code})"
    # DynamoDB calls a time that isn't its own a wrong signature: "Signature expired: … is now earlier than …".
    if code in _CLOCK or message.startswith(("Signature expired", "Signature not yet current")):
        return f"{service} finds that this machine's clock is wrong{said}. Set the clock."
    if code in _CREDENTIALS:
        return f"{service} refuses the credentials{said}. {NEW_CREDENTIALS}."
    if code.startswith(("KMS", "InaccessibleEncryption")) or message.startswith("KMS "):
        return f"{service} can't use the key that the data is encrypted with{said}. Look at the key in AWS KMS."
    if code in _PERMISSIONS:
        return f"{service} denies the permission{said}. Allow it in the policy of this user or role."
    return None


def not_the_protocol(service: str) -> str:
    """What to tell where the endpoint answers, but not as this service does: another program, or a proxy on the way."""
    own = _OWN_ENDPOINT.get(service, "")
    variable = own if os.environ.get(own) else "AWS_ENDPOINT_URL"
    where = os.environ.get(variable) or service
    return f"{where} answered something that isn't {service}'s protocol. Check {variable} and proxies on the way."


def brief(text: str) -> str:
    """The first line of what a service said, cut, and without a full stop: a sentence goes on behind it."""
    lines = text.strip().splitlines()
    return lines[0][:MESSAGE_CHARS].rstrip(" .") if lines else ""


def _endpoint_remedy(said: str) -> str:
    """Of several endpoints the one is to be checked whose address the error names."""
    named = (name for name in _ENDPOINTS if os.environ.get(name) and os.environ[name] in said)
    variable = next(named, "AWS_ENDPOINT_URL")
    if os.environ.get(variable):
        return f"Check {variable}."
    return "Check the network and AWS_REGION." if any(map(os.environ.get, services.AWS_ELSEWHERE)) else REMEDY


def _away(name: str, variable: str, said: str) -> str:
    """The sentence for PostgreSQL or Redis; where it is ours, starting it is all there is to do."""
    fatal = said.partition("FATAL:  ")[2]
    reason = _reason(fatal or said)
    refuses = bool(fatal) or any(words in reason for words in _REFUSES)
    found = "refuses the connection" if refuses else "isn't reachable"
    if not os.environ.get(variable):
        return f"{name} {found}: {reason}. {REMEDY}" if refuses else f"{name} {found}. {REMEDY}"
    remedy = next((remedy for words, remedy in _REMEDIES[variable] if words in reason), f"Check {variable}.")
    return f"{name} {found}: {reason}. {remedy}"


def _reason(said: str) -> str:
    """The reason and who was asked, once: libraries put "connection to server at …, port … failed" before it."""
    line = brief(said)
    for found in (
        re.search(r'connection to server at "(?P<host>[^"]*)"[^,]*, port (?P<port>\d+) failed: (?P<why>.*)', line),
        re.search(r"^Error -?\d+ connecting to (?P<host>.*):(?P<port>\d+)\. (?P<why>.*)", line),
    ):
        if found:
            return f"{found['why']} ({found['host']}:{found['port']})"
    return line or "no reason was given"
