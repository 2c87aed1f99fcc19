# To be read by a root's shell (`. deploy/as-onboarding.sh`): `as_onboarding COMMAND ...` is `manage.py COMMAND` as the user
# of the services, with their settings; `run_as_onboarding celery ...` the same for the other programs of .venv/bin.
# Files are named in full: it runs in /srv/onboarding, and reads and writes where that user may, /var/lib/onboarding for one.

run_as_onboarding() {
    local program="$1"
    shift
    systemd-run --quiet --collect --pipe --wait --pty --uid=onboarding --property=EnvironmentFile=/etc/onboarding.env \
        --working-directory=/srv/onboarding "/srv/onboarding/.venv/bin/$program" "$@"
}

as_onboarding() {
    run_as_onboarding python manage.py "$@"
}
