#!/bin/sh
# What the image runs: `onboarding web | worker | beat | prepare | aws | healthy`, or any other command.
#
# Where a platform hands out parts, as deploy/cloudformation.yaml does, the URLs are made of them here; so a shell in a
# container has them by `onboarding python manage.py ...`. Passwords have to be of letters and digits then.
set -eu

if [ -z "${DATABASE_URL:-}" ] && [ -n "${DATABASE_HOST:-}" ]; then
    case "${DATABASE_CA:-}" in
        rds) tls="?sslmode=verify-full&sslrootcert=/srv/onboarding/deploy/certificates/rds.pem" ;;
        system) tls="?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt" ;;
        none) tls="?sslmode=disable" ;;
        *)
            echo "DATABASE_CA must say whose certificate DATABASE_HOST has: rds, system, or none without TLS." >&2
            exit 2
            ;;
    esac
    user="${DATABASE_USER:-onboarding}" name="${DATABASE_NAME:-onboarding}"
    DATABASE_URL="postgresql://$user:$DATABASE_PASSWORD@$DATABASE_HOST:${DATABASE_PORT:-5432}/$name$tls"
    export DATABASE_URL
fi
if [ -z "${REDIS_URL:-}" ] && [ -n "${REDIS_HOST:-}" ]; then
    REDIS_URL="rediss://:$REDIS_PASSWORD@$REDIS_HOST:${REDIS_PORT:-6379}/0?ssl_cert_reqs=required"
    export REDIS_URL
fi
if [ -z "${SITE_URL:-}" ] && [ -n "${DOMAIN_NAME:-}" ]; then
    export SITE_URL="https://$DOMAIN_NAME" ALLOWED_HOSTS="$DOMAIN_NAME" CSRF_TRUSTED_ORIGINS="https://$DOMAIN_NAME"
    export DEFAULT_FROM_EMAIL="${DEFAULT_FROM_EMAIL:-Vendor onboarding <onboarding@$DOMAIN_NAME>}"
fi

role="${1:-}"
ROLE_FILE="${TMPDIR:-/tmp}/onboarding-role"
case "$role" in
    web | worker | beat | aws) printf '%s' "$role" > "$ROLE_FILE" ;;
esac

case "$role" in
    web)
        exec gunicorn config.wsgi --bind "${BIND:-0.0.0.0}:${PORT:-8000}"
        ;;
    worker)
        exec celery --quiet -A config worker -Q "${QUEUES:-staging,stream,upkeep,jobs}" -c "${CONCURRENCY:-4}" \
            --without-gossip --without-mingle
        ;;
    beat)
        exec celery --quiet -A config beat --schedule "${TMPDIR:-/tmp}/beat-schedule" --pidfile=
        ;;
    prepare)
        exec python manage.py prepare
        ;;
    aws)
        exec python -m config.embedded.endpoint
        ;;
    healthy)
        # A container's health check. It asks no service: a restart mends none.
        if [ ! -r "$ROLE_FILE" ]; then
            echo "No role has been started here." >&2
            exit 1
        fi
        case "$(cat "$ROLE_FILE")" in
            web) exec python -P config/answers.py "http://127.0.0.1:${PORT:-8000}/healthz" ;;
            aws) exec python -P config/answers.py "http://127.0.0.1:${GATEWAY_PORT:-4566}/" ;;
            *) exec python -P config/heartbeat.py ;;
        esac
        ;;
    "")
        echo "usage: onboarding web | worker | beat | prepare | healthy | COMMAND ..." >&2
        exit 2
        ;;
    *)
        exec "$@"
        ;;
esac
