#!/usr/bin/env bash
# Uses an access token that tokenkeeper keeps. One file for bash, curl, jq, flock
# and, for records in Secrets Manager, the AWS CLI: copy it, or source it.
#
#   source tokenkeeper-reader.sh
#   status=$(tokenkeeper_get --secret tokenkeeper/tokens/meitner https://api.meitner.se/v1/schools answer.json)
#
# Scripts are short-lived, so the record is cached in a file of the user's, 0600,
# and all of the user's scripts share it: it is read when it is missing, again once
# it is past its refresh_after (at most every 30 s, by one script at a time), and the
# token is used until it ends. Then nothing is sent and the script says so.
#
#   tokenkeeper-reader.sh (--secret ID | --file PATH) URL
#
# sends one GET with the token and prints the status. The token is in no argument
# and no environment variable of any process: those are open to ps.

# tokenkeeper_get (--secret ID | --file PATH) URL [FILE] prints the status of one
# GET and leaves the answer's body in FILE. It fails (1) if nothing could be sent.
tokenkeeper_get() {
  local kind=$1 where=$2 url=$3 body=${4:-/dev/null} cache before status
  local -a how=(--proto '=https')
  if [[ $url =~ ^http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?(/|$) ]]; then
    how=(--proto '=http' --noproxy '*') # loopback is not for a proxy to see
  elif [[ $url != https://* ]]; then
    echo "reader: not sending the token to $url: use https" >&2
    return 1
  fi
  cache=$(_tokenkeeper_cache "$kind" "$where") || return 1
  _tokenkeeper_look due "$kind" "$where" "$cache" || return 1
  before=$(jq .serial "$cache")
  status=$(_tokenkeeper_send) || return 1
  if [[ $status == 401 ]]; then
    # Perhaps the token was replaced. If so, once more; if not, the 401 is final.
    _tokenkeeper_look rejected "$kind" "$where" "$cache" || return 1
    if [[ $(jq .serial "$cache") != "$before" ]]; then
      status=$(_tokenkeeper_send) || return 1
    fi
  fi
  echo "$status"
}

# _tokenkeeper_send uses url, body, how and cache of tokenkeeper_get. curl is given
# no --location: a redirect is an answer like any other, and gets no token. -q keeps a
# .curlrc from saying otherwise; it has to come first.
_tokenkeeper_send() {
  jq -r '.token | "Authorization: \(.type) \(.access_token)"' "$cache" |
    curl -q --silent --show-error --max-time 30 --globoff "${how[@]}" --header @- \
      --output "$body" --write-out '%{http_code}' --url "$url"
}

# _tokenkeeper_cache KIND WHERE prints the path of the cache file for one record. A
# name alone is not one record: another directory, region or account has its own.
_tokenkeeper_cache() {
  local dir=${XDG_RUNTIME_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}}/tokenkeeper-reader name
  local within="${AWS_PROFILE-} ${AWS_REGION-} ${AWS_DEFAULT_REGION-} ${AWS_ENDPOINT_URL-} ${AWS_ACCESS_KEY_ID-}"
  [[ $1 == --file ]] && within=$PWD
  if ! mkdir -p "$dir" || [[ -L $dir || ! -O $dir ]] || ! chmod 700 "$dir"; then
    echo "reader: $dir must be a directory of yours: it will hold tokens" >&2
    return 1
  fi
  name=$(printf '%s\n' "$1" "$2" "$within" | sha256sum)
  echo "$dir/${name%% *}"
}

# _tokenkeeper_look WHY KIND WHERE CACHE reads the record if it should; WHY is due
# or rejected. It fails if there is no live token then. The cache file holds
#   serial  the number of tokens seen, so that two can be distinguished unread
#   looked  when the record was last read
#   missed  when it was last read to find a new token and held none; 0 if it did
#   token   of the last good record; times are in seconds
_tokenkeeper_look() (
  why=$1 cache=$4
  set -o pipefail
  umask 077
  exec 9>"$cache.lock" || exit 1
  flock --wait 60 9 || { echo "reader: another script has been reading the record for a minute" >&2; exit 1; }
  [[ -s $cache ]] || echo '{"serial": 0, "looked": 0, "missed": 0, "token": null}' >"$cache"

  printf -v now '%(%s)T' -1
  if _tokenkeeper_jq -e '
      def since(t): if $now < t then infinite else $now - t end;  # the clock was set back
      if (live | not) or $why == "rejected" then since(.missed) >= 5
      else $now >= .token.refresh_after and since(.looked) >= 30 end' "$cache" >/dev/null; then
    trap 'rm -f "$cache.record" "$cache.new"' EXIT
    if ! _tokenkeeper_take "$2" "$3"; then
      _tokenkeeper_jq '.looked = $now | .missed = $now' "$cache" >"$cache.new"
    fi
    mv "$cache.new" "$cache"
  fi

  _tokenkeeper_jq -e live "$cache" >/dev/null && exit 0
  _tokenkeeper_jq -r '"reader: " + if .token == null then "there is no token to use"
    else "the token of \"\(.token.provider)\" ended at \(.token.expires_at | todate) and no newer one could be had:"
      + " \"tokenkeeper status\" says why" end' "$cache" >&2
  exit 1
)

# _tokenkeeper_take KIND WHERE reads the record and writes what the cache should be
# to cache.new. Of jq it shows no messages: what is there instead of a record may
# be a secret too.
_tokenkeeper_take() {
  case $1 in
    --file) cat -- "$2" >"$cache.record" || return 1 ;;
    --secret)
      aws secretsmanager get-secret-value --secret-id "$2" --output json |
        jq -r .SecretString >"$cache.record" || return 1
      ;;
  esac
  if jq -en --slurpfile record "$cache.record" '$record[0].version | type == "number" and . > 1' >/dev/null 2>&1; then
    echo "reader: the record has a version above 1: upgrade this reader (copy it again)" >&2
    return 1
  fi
  _tokenkeeper_jq --slurpfile record "$cache.record" '
    def visible: type == "string" and test("\\A[!-~]+\\z");
    def seconds: sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601;
    . as $old
    | ($record[0] | {provider, access_token, refresh_after: (.refresh_after | seconds), expires_at: .expires_at_unix,
        type: (if (.token_type | ascii_downcase) == "bearer" then "Bearer" else .token_type end)}) as $read
    | if ($record | length) == 1 and $record[0].version == 1 and ($read.expires_at | type) == "number"
        and all(($read | .provider, .access_token, .type); visible)
      then . else error("no record") end
    # A live token is not given up for a dead one, as from a replica that lags.
    | if live and $read.expires_at <= $now then . else .token = $read end
    | if .token.access_token != $old.token.access_token then .serial += 1 | .missed = 0
      elif $why == "rejected" or ($old | live | not) then .missed = $now
      else . end
    | .looked = $now' "$cache" >"$cache.new" 2>/dev/null && return 0
  echo "reader: what was read is no record: is this the secret or file of a token (tokens/NAME)?" >&2
  return 1
}

# _tokenkeeper_jq is jq with what the programs above share.
_tokenkeeper_jq() {
  local -a options=(-c --argjson now "$now" --arg why "$why")
  while [[ $1 == -* ]]; do
    if [[ $1 == --slurpfile ]]; then
      options+=("$1" "$2" "$3")
      shift 2
    else
      options+=("$1")
    fi
    shift
  done
  jq "${options[@]}" "def live: .token != null and \$now < .token.expires_at; $1" "${@:2}"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  set -euo pipefail
  if [[ $# != 3 || ($1 != --secret && $1 != --file) ]]; then
    echo "usage: ${0##*/} (--secret ID | --file PATH) URL" >&2
    exit 2
  fi
  status=$(tokenkeeper_get "$@")
  echo "$status"
  [[ $status == 2?? ]]
fi
