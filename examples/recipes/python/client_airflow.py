"""Airflow's SecretsManagerBackend, which makes a connection of a record of its shape
(docs/recipes.md). It looks at the secret for each connection, unless its cache is on."""

import time

from airflow.sdk.bases.hook import BaseHook


class Tokens:
    def __init__(self, secret_id):
        self.connection_id = secret_id.rsplit("/", 1)[1]

    def token(self, again=False):
        connection = BaseHook.get_connection(self.connection_id)
        if time.time() >= connection.extra_dejson["expires_at_unix"]:
            raise RuntimeError(f"the token of {self.connection_id} has expired; 'tokenkeeper status' says why")
        return connection.password
