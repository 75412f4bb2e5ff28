"""What people see and do with boto3: `look`, `tamper`, `foreign` or `unlock`, then endpoint, accounts or a bucket."""

import json
import sys

import boto3
import botocore.config
import botocore.exceptions
import botocore.parsers

ROLE = "cross-account-deploy-role"


def clients(endpoint, account):
    once = botocore.config.Config(retries={"total_max_attempts": 1})
    base = dict(endpoint_url=endpoint, region_name="us-east-1", config=once)
    sts = boto3.client("sts", aws_access_key_id="AKIAPERSONPERSONPERS", aws_secret_access_key="test", **base)
    keys = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/Admin", RoleSessionName="person")["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    return lambda service: session.client(service, **base)


def statements(policy):
    policy = json.loads(policy) if isinstance(policy, str) else policy
    listed = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    return {one.get("Sid"): one for one in listed}


def look(client):
    return {
        "keys": [key(client("kms"), one["KeyId"]) for one in client("kms").list_keys()["Keys"]],
        "roles": {one["RoleName"]: role(client("iam"), one) for one in client("iam").list_roles()["Roles"]},
        "buckets": {one["Name"]: bucket(client("s3"), one["Name"]) for one in client("s3").list_buckets()["Buckets"]},
        "groups": [group(client("sagemaker"), one["ModelPackageGroupName"]) for one in
                   client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]],
        "logs": {one["logGroupName"]: one.get("retentionInDays") for one in
                 client("logs").describe_log_groups()["logGroups"]},
    }


def key(kms, key_id):
    return {
        "arn": kms.describe_key(KeyId=key_id)["KeyMetadata"]["Arn"],
        "rotates": kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"],
        "aliases": [one["AliasName"] for one in kms.list_aliases(KeyId=key_id)["Aliases"]],
        "policy": statements(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]),
    }


def role(iam, found):
    name = found["RoleName"]
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return {
        "arn": found["Arn"],
        "trust": statements(found["AssumeRolePolicyDocument"]),
        "inline": {one: statements(iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"]) for one in inline},
        "tags": {tag["Key"]: tag["Value"] for tag in iam.list_role_tags(RoleName=name)["Tags"]},
    }


def bucket(s3, name):
    encryption = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    return {
        "policy": statements(s3.get_bucket_policy(Bucket=name)["Policy"]),
        "versions": s3.get_bucket_versioning(Bucket=name).get("Status"),
        "encryption": encryption["ApplyServerSideEncryptionByDefault"],
        "public": s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
        "owner": s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"][0]["ObjectOwnership"],
    }


def group(sagemaker, name):
    try:
        policy = statements(sagemaker.get_model_package_group_policy(ModelPackageGroupName=name)["ResourcePolicy"])
    except (botocore.exceptions.ClientError, botocore.parsers.ResponseParserError):
        policy = None  # of a server that does not offer it
    return {"name": name, "policy": policy}


def tamper(client):
    """Gives the deploy role everything, and lets everybody take it."""
    everything = {"Version": "2012-10-17", "Statement": {"Sid": "Quick", "Effect": "Allow", "Action": "*", "Resource": "*"}}
    name = client("iam").list_role_policies(RoleName=ROLE)["PolicyNames"][0]
    client("iam").put_role_policy(RoleName=ROLE, PolicyName=name, PolicyDocument=json.dumps(everything))
    client("iam").put_role_policy(RoleName=ROLE, PolicyName="beside", PolicyDocument=json.dumps(everything))


def foreign(client, name):
    """A bucket of somebody else's, with a policy of its own."""
    client("s3").create_bucket(Bucket=name)
    theirs = {"Version": "2012-10-17", "Statement": [{
        "Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::555555555555:root"},
        "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}]}
    client("s3").put_bucket_policy(Bucket=name, Policy=json.dumps(theirs))


def unlock(client, name):
    """Takes the bucket's policy away."""
    client("s3").delete_bucket_policy(Bucket=name)


def main(what, endpoint, *rest):
    if what == "look":
        print(json.dumps({account: look(clients(endpoint, account)) for account in rest}))
    elif what == "tamper":
        tamper(clients(endpoint, rest[0]))
    else:
        {"foreign": foreign, "unlock": unlock}[what](clients(endpoint, rest[0]), rest[1])


main(*sys.argv[1:])
