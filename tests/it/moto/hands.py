"""Hands in one account of a server: `python hands.py URL ACCOUNT`, with what they do on standard input.

That is Python, which finds `client(SERVICE)`, `names(ITEMS, KEY)` and `tell(VALUE)`; what is told comes out as JSON.
"""

import json
import sys

import boto3

URL, ACCOUNT = sys.argv[1:]


def keys():
    base = boto3.client(
        "sts", endpoint_url=URL, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    role = f"arn:aws:iam::{ACCOUNT}:role/administrator"
    given = base.assume_role(RoleArn=role, RoleSessionName="hands")["Credentials"]
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }


KEYS = keys()


def client(service):
    return boto3.client(service, endpoint_url=URL, region_name="us-east-1", **KEYS)


def names(items, key):
    return sorted(item[key] for item in items)


def role(name, path="/"):
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    client("iam").create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust))


def tell(value):
    print(json.dumps(value))


exec(sys.stdin.read())
