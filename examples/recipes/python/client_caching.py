"""aws-secretsmanager-caching (Python): it keeps values for an hour by default, and
serves the old one when a refresh fails, so expires_at_unix is looked at each time."""

import json
import time

import boto3
from aws_secretsmanager_caching import SecretCache, SecretCacheConfig

CACHE_AGE = 300  # seconds: at most the stack's CacheAgeSeconds


class Tokens:
    def __init__(self, secret_id):
        self.secret_id = secret_id
        self.cache = SecretCache(config=SecretCacheConfig(secret_refresh_interval=CACHE_AGE), client=boto3.client("secretsmanager"))

    def token(self, again=False):
        if again:
            self.cache.refresh_secret_now(self.secret_id)  # waits up to some seconds first
        record = json.loads(self.cache.get_secret_string(self.secret_id))
        if time.time() >= record["expires_at_unix"]:
            raise RuntimeError(f"the token in {self.secret_id} has expired; 'tokenkeeper status' says why")
        return record["access_token"]
