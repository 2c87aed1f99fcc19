# To be read by a root's shell (`. deploy/as-onboarding.sh`): `as_onboarding COMMAND ...` is `manage.py COMMAND` as the user
# of the services, with their settings.

as_onboarding() {
    systemd-run --quiet --pipe --wait --pty --uid=onboarding --property=EnvironmentFile=/etc/onboarding.env \
        --working-directory=/srv/onboarding /srv/onboarding/.venv/bin/python manage.py "$@"
}
