#!/bin/sh
# Runs dbt with the token that is kept, or not at all:
#
#   run.sh SECRET build --profiles-dir .
#
# dbt reads the token once, when it starts, so each run is given it anew. The prefix
# DBT_ENV_SECRET_ keeps it out of dbt's logs.
set -eu
secret=$1
shift
DBT_ENV_SECRET_TOKEN=$(aws secretsmanager get-secret-value --secret-id "$secret" --query SecretString --output text |
	jq -er 'select(.expires_at_unix > now) | .access_token') || {
	echo "the token in $secret has expired, or cannot be read; 'tokenkeeper status' says why" >&2
	exit 1
}
export DBT_ENV_SECRET_TOKEN
exec dbt "$@"
