"""Calls an API once for each line of standard input, and prints the status:

    python3 call.py client_boto3 SECRET URL
"""

import importlib
import sys
import urllib.error
import urllib.request


def get(url, token):
    request = urllib.request.Request(url, headers={"Authorization": "Bearer " + token})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


def call(tokens, url):
    status = get(url, tokens.token())
    if status == 401:  # replaced since it was read: look again, once
        status = get(url, tokens.token(again=True))
    return status


if __name__ == "__main__":
    tokens = importlib.import_module(sys.argv[1]).Tokens(sys.argv[2])
    for _ in sys.stdin:
        try:
            print(call(tokens, sys.argv[3]), flush=True)
        except RuntimeError as error:
            print(error, flush=True)
