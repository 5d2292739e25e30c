"""The rule in full, with boto3 alone: JSON, expires_at_unix, at most the cache age, once
more on 401."""

import json
import time

import boto3

CACHE_AGE = 300  # seconds: at most the stack's CacheAgeSeconds


class Tokens:
    def __init__(self, secret_id, client=None):
        self.secret_id = secret_id
        self.client = client or boto3.client("secretsmanager")
        self.record, self.read_at = None, float("-inf")

    def token(self, again=False):
        if again or time.monotonic() - self.read_at >= CACHE_AGE:
            value = self.client.get_secret_value(SecretId=self.secret_id)["SecretString"]
            self.record, self.read_at = json.loads(value), time.monotonic()
        if time.time() >= self.record["expires_at_unix"]:
            raise RuntimeError(f"the token in {self.secret_id} has expired; 'tokenkeeper status' says why")
        return self.record["access_token"]
