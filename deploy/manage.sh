#!/bin/sh
# A command of manage.py as the service runs: its account, its environment, the current release.
set -eu
exec systemd-run --quiet --pipe --wait --collect --uid=pacta --gid=pacta --property=EnvironmentFile=/etc/pacta/pacta.env \
    --working-directory=/srv/pacta/current --property=UMask=0077 /srv/pacta/current/.venv/bin/python manage.py "$@"
