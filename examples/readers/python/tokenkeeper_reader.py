#!/usr/bin/env python3
"""Uses an access token that tokenkeeper keeps. One file for Python 3.10 or later,
standard library only: copy it into the application.

    tokens = Reader(secrets_manager(boto3.client("secretsmanager"), "tokenkeeper/tokens/meitner"))
    with urlopen(tokens, urllib.request.Request("https://api.meitner.se/v1/schools")) as answer:
        ...

Make one Reader for each provider and keep it; threads may share it. It reads the
record when it is first asked, again once the record is past its refresh_after (at
most every 30 s), and serves the token until it ends. Then it raises TokenOver.

With another HTTP library: send reader.token().authorization as the Authorization
header, to your API's own host and nowhere else, and on a 401 once more with
reader.replacement(token), if that is not None.

    python3 tokenkeeper_reader.py (--secret ID | --file PATH) URL

sends one GET with the token and prints the status.
"""

import argparse
import json
import logging
import re
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timezone

log = logging.getLogger(__name__)


class RecordError(Exception):
    """There is no record that could be used. The message never quotes it."""


class TokenOver(Exception):
    """The newest token that is known has ended."""


class Token:
    """What a record holds. Printing it shows no secret."""

    __slots__ = ("_access_token", "token_type", "provider", "refresh_after", "expires_at", "scope", "extra")

    def __init__(self, text):
        try:
            record = json.loads(text)
            version = int(record["version"])
            usable = version == 1
            if usable:
                self._access_token = record["access_token"]
                self.token_type = record["token_type"]
                self.provider = record["provider"]
                self.refresh_after = datetime.fromisoformat(record["refresh_after"].replace("Z", "+00:00")).timestamp()
                self.expires_at = int(record["expires_at_unix"])  # seconds, as refresh_after
                self.scope = record.get("scope") or ""
                self.extra = record.get("extra") or {}
                texts = (self._access_token, self.token_type, self.provider)
                usable = all(re.fullmatch(r"[!-~]+", text) for text in texts)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
            version, usable = 0, False
        if version > 1:
            raise RecordError(f"the record has version {version} and this reader knows version 1: "
                              "upgrade the reader (copy it again)")
        if not usable:
            # Outside the except: what is there instead of the record may be a secret
            # too, and the cause would quote it.
            raise RecordError("what was read is no record: is this the secret or file of a token (tokens/NAME)?")

    @property
    def access_token(self):
        return self._access_token

    @property
    def authorization(self):
        """The value of the Authorization header."""
        scheme = "Bearer" if self.token_type.lower() == "bearer" else self.token_type
        return f"{scheme} {self._access_token}"

    def __repr__(self):
        return f"<token of {self.provider}, ends {_utc(self.expires_at)}>"

    def __reduce__(self):
        raise TypeError("a Token is not for writing out")


def _utc(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def secrets_manager(client, secret_id):
    """The source for a record in Secrets Manager. Give the client timeouts of a few
    seconds (botocore's Config: connect_timeout, read_timeout); its own are a minute."""
    return lambda: client.get_secret_value(SecretId=secret_id)["SecretString"]


def file(path):
    """The source for a record in a store without AWS, DIR/tokens/NAME.json."""
    def read():
        with open(path, encoding="utf-8") as opened:
            return opened.read()
    return read


class Reader:
    """Serves the token of one record. source is called without arguments and returns
    the record's JSON; recheck is in seconds."""

    def __init__(self, source, recheck=30, now=time.time):
        self._source, self._recheck, self._now = source, recheck, now
        self._lock = threading.Lock()  # held while looking: one look at a time
        self._token = None
        self._error = None
        self._looked = 0
        self._misses = 0  # looks made to find a new token that did not, since the last new one

    def token(self):
        """A token that is live now. Raises TokenOver; before the first record, RecordError."""
        if self._due():
            # With a live token in hand no caller waits for another's look.
            if self._lock.acquire(blocking=not self._live()):
                try:
                    if self._due():  # not if another caller has looked while we waited
                        self._look()
                finally:
                    self._lock.release()
        if self._live():
            return self._token
        if self._token is None:
            raise RecordError(f"reading the record: {self._error}") from self._error
        over = f'the token of "{self._token.provider}" ended at {_utc(self._token.expires_at)} and '
        if self._error is not None:
            raise TokenOver(f"{over}a newer one could not be read: {self._error}") from self._error
        raise TokenOver(f'{over}no newer one is stored: "tokenkeeper status" says why')

    def replacement(self, rejected):
        """For a request with the token rejected that was answered 401: another live token
        to send it with once more, or None. Then the 401 means what it says."""
        with self._lock:
            if not self._replaced(rejected) and self._rested():
                self._look(wanted=True)
            return self._token if self._replaced(rejected) else None

    def _live(self):
        return self._token is not None and self._now() < self._token.expires_at

    def _replaced(self, rejected):
        return self._live() and self._token.access_token != rejected.access_token

    def _due(self):
        if not self._live():
            return self._rested()
        return self._now() >= self._token.refresh_after and self._since_look() >= self._recheck

    def _rested(self):
        pause = 2 ** min(self._misses - 1, 10) if self._misses else 0
        return self._since_look() >= min(pause, self._recheck)

    def _since_look(self):
        since = self._now() - self._looked
        return since if since >= 0 else float("inf")  # the clock was set back

    def _look(self, wanted=False):
        wanted = wanted or not self._live()
        changed = False
        try:
            token = Token(self._source())
            self._error = None
            # A live token is not given up for a dead one, as from a replica that lags.
            if self._now() < token.expires_at or not self._live():
                changed = self._token is None or token.access_token != self._token.access_token
                self._token = token
        except Exception as error:  # whatever a source raises: the token at hand is still good
            self._error = error
            if self._live():
                log.warning("serving the token at hand: reading the record: %s", error)
        self._looked = self._now()
        self._misses = 0 if changed else self._misses + wanted


def urlopen(reader, request, timeout=30):
    """urllib.request.urlopen with the token, once more if a 401 turns out to mean that
    the token was replaced. A body must be bytes. A redirect gets no token."""
    opener = _opener(request.full_url)

    def send(token):
        # urllib would repeat an ordinary header to whatever host a redirect names.
        request.add_unredirected_header("Authorization", token.authorization)
        return opener.open(request, timeout=timeout)

    token = reader.token()
    try:
        return send(token)
    except urllib.error.HTTPError as answer:
        replacement = reader.replacement(token) if answer.code == 401 else None
        if replacement is None:
            raise
        answer.close()
    return send(replacement)


def _opener(url):
    url = urllib.parse.urlsplit(url)
    if url.scheme == "https":
        return urllib.request.build_opener()
    if url.scheme == "http" and url.hostname in ("localhost", "127.0.0.1", "::1"):
        return urllib.request.build_opener(urllib.request.ProxyHandler({}))  # not for a proxy to see
    raise ValueError(f"not sending the token to {url.hostname} over {url.scheme}: use https")


def main():
    parser = argparse.ArgumentParser(prog="reader", description="Send one GET with the token and print the status.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--secret", metavar="ID", help="name or ARN of the record in Secrets Manager")
    where.add_argument("--file", metavar="PATH", help="path of the record in a store without AWS")
    parser.add_argument("url", metavar="URL")
    args = parser.parse_args()
    try:
        if args.secret:
            import boto3
            from botocore.config import Config
            client = boto3.client("secretsmanager", config=Config(connect_timeout=3, read_timeout=5))
            tokens = Reader(secrets_manager(client, args.secret))
        else:
            tokens = Reader(file(args.file))
        with urlopen(tokens, urllib.request.Request(args.url)) as answer:
            print(answer.status)
    except urllib.error.HTTPError as answer:
        print(answer.code)
        sys.exit(1)
    except Exception as error:
        sys.exit(f"reader: {error}")


if __name__ == "__main__":
    main()
