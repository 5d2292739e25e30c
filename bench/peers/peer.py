"""What a scheduled script in Python does in tokenkeeper's place: each provider in turn."""

import json
import time

import boto3
import requests

ssm = boto3.client("ssm")
secrets = boto3.client("secretsmanager")


def refresh(name, config):
    parameter = ssm.get_parameter(Name=f"/tokenkeeper/credentials/{name}", WithDecryption=True)
    credential = json.loads(parameter["Parameter"]["Value"])
    asked = time.time()
    answer = requests.post(
        config["token_endpoint"],
        data={
            "grant_type": "client_credentials",
            "client_id": credential["client_id"],
            "client_secret": credential["client_secret"],
        },
        timeout=20,
    )
    answer.raise_for_status()
    token = answer.json()
    secrets.put_secret_value(
        SecretId=f"tokenkeeper/tokens/{name}",
        SecretString=json.dumps(
            {"access_token": token["access_token"], "expires_at": int(asked) + token["expires_in"]}
        ),
    )


for page in ssm.get_paginator("get_parameters_by_path").paginate(Path="/tokenkeeper/providers"):
    for parameter in page["Parameters"]:
        name = parameter["Name"].rpartition("/")[2]
        try:
            refresh(name, json.loads(parameter["Value"]))
        except Exception as e:
            print(f"{name}: {e}")
