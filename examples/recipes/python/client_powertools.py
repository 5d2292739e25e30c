"""Powertools for AWS Lambda (Python): its cache is given the cache age."""

import time

from aws_lambda_powertools.utilities import parameters

CACHE_AGE = 300  # seconds: at most the stack's CacheAgeSeconds; Powertools' own default is 5


class Tokens:
    def __init__(self, secret_id):
        self.secret_id = secret_id

    def token(self, again=False):
        record = parameters.get_secret(self.secret_id, transform="json", max_age=CACHE_AGE, force_fetch=again)
        if time.time() >= record["expires_at_unix"]:
            raise RuntimeError(f"the token in {self.secret_id} has expired; 'tokenkeeper status' says why")
        return record["access_token"]
