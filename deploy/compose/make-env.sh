#!/bin/sh
# Prints a .env for docker-compose.yml with new secrets: sh deploy/compose/make-env.sh > .env
set -eu
umask 077
secret() { LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c "$1"; }
password=$(secret 24)
cat <<END
# Password of Graylog's user admin, and its hash.
GRAYLOG_PASSWORD=$password
GRAYLOG_ROOT_PASSWORD_SHA2=$(printf %s "$password" | sha256sum | cut -d' ' -f1)
# Graylog and its data node encrypt with it: it must stay the same.
GRAYLOG_PASSWORD_SECRET=$(secret 64)
S3_ACCESS_KEY=sluice
S3_SECRET_KEY=$(secret 40)
# Token for the dashboard and the metrics of sluice.
SLUICE_HTTP_TOKEN=$(secret 32)
END
