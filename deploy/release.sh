#!/bin/sh
# As root. `release.sh TAG` brings a release up, `release.sh --back` returns to the one before. docs/deploy.md.
set -eu
SITE=${SITE:-/srv/pacta}
HERE=$(dirname "$(realpath "$0")")

turn_to() {
    ln -sfn "$1" "$SITE/current.new" && mv -T "$SITE/current.new" "$SITE/current"
    # Before the first start there is nothing to restart.
    if systemctl is-enabled --quiet pacta-web; then systemctl restart pacta-web pacta-webhooks; fi
    echo "current is $1"
}

if [ "${1:?TAG, or --back}" = --back ]; then
    before=$(cat "$SITE/before") && readlink -f "$SITE/current" > "$SITE/before" && turn_to "$before"
    exit
fi

new="$SITE/releases/$1"
[ ! -e "$new" ] || { echo "$new is there already: remove it if an earlier try was broken off" >&2; exit 1; }
if [ -e "$SITE/current" ] && systemctl is-enabled --quiet pacta-web; then systemctl start pacta-backup.service; fi

git -C "$HERE/.." archive --prefix=release/ "$1" | { mkdir "$new" && tar -x -C "$new" --strip-components=1; }
python3 -m venv "$new/.venv"
"$new/.venv/bin/pip" install --quiet --require-hashes -r "$new/requirements.txt"
(cd "$new" && PACTA_LOCAL=1 .venv/bin/python manage.py collectstatic --noinput -v0)
systemd-run --quiet --pipe --wait --collect --uid=pacta --gid=pacta --property=EnvironmentFile=/etc/pacta/pacta.env \
    --working-directory="$new" "$new/.venv/bin/python" manage.py migrate --noinput -v0

if [ -e "$SITE/current" ]; then readlink -f "$SITE/current" > "$SITE/before"; fi
turn_to "$new"
