"""Uses every rehearsed service through boto3, as the deployer of dev; the endpoint comes from the environment."""

import io
import zipfile

import boto3
from botocore.exceptions import ClientError

REGION = "us-east-1"
ACCOUNT = "111111111111"
MODEL = "mammography-severity-model"


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"{code} was expected")


agent = boto3.Session("AKIAREHEARSALAGENT00", "any", region_name=REGION)
role = f"arn:aws:iam::{ACCOUNT}:role/cross-account-deploy-role"
sts = agent.client("sts")
refused("AccessDenied", sts.assume_role, RoleArn=role, RoleSessionName="agent-tour")
keys = sts.assume_role(RoleArn=role, RoleSessionName="agent-tour", ExternalId="relevo-dev")["Credentials"]
deployer = boto3.Session(
    keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION
)
identity = deployer.client("sts").get_caller_identity()
assert identity["Arn"].endswith(":assumed-role/cross-account-deploy-role/agent-tour"), identity

s3 = deployer.client("s3")
key = f"{MODEL}/scripts/preprocess.py"
s3.put_object(Bucket="sagemaker-dev-bucket", Key=key, Body=b"print()\n", IfNoneMatch="*")
refused(
    "PreconditionFailed", s3.put_object, Bucket="sagemaker-dev-bucket", Key=key, Body=b"", IfNoneMatch="*"
)
assert s3.get_object(Bucket="sagemaker-dev-bucket", Key=key)["Body"].read() == b"print()\n"

code = io.BytesIO()
with zipfile.ZipFile(code, "w") as archive:
    archive.writestr("latest_approved_model.py", "def handler(event, context): ...\n")
functions = deployer.client("lambda")
made = functions.create_function(
    FunctionName="latest-approved",
    Runtime="python3.13",
    Role=f"arn:aws:iam::{ACCOUNT}:role/lambda-role",
    Handler="latest_approved_model.handler",
    Code={"ZipFile": code.getvalue()},
    Publish=True,
)
assert made["Version"] == "1", made
functions.get_waiter("function_active_v2").wait(FunctionName="latest-approved")

sns = deployer.client("sns")
topic = sns.create_topic(Name="alerts")["TopicArn"]
subscribed = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="mlops@clinic.example.net")
assert subscribed["SubscriptionArn"] == "pending confirmation", subscribed

events = deployer.client("events")
events.put_rule(Name="nightly", ScheduleExpression="cron(0 23 * * ? *)", State="DISABLED")
put = events.put_targets(Rule="nightly", Targets=[{"Id": "topic", "Arn": topic}])
assert put["FailedEntryCount"] == 0, put
assert events.describe_rule(Name="nightly")["State"] == "DISABLED"

logs = deployer.client("logs")
logs.create_log_group(logGroupName="jenkins-log", tags={"relevo": "dev"})
logs.put_retention_policy(logGroupName="jenkins-log", retentionInDays=90)
[group] = logs.describe_log_groups(logGroupNamePrefix="jenkins-log")["logGroups"]
assert group["retentionInDays"] == 90, group

sagemaker = deployer.client("sagemaker")
assert sagemaker.list_pipelines()["PipelineSummaries"] == []
refused(
    "AccessDeniedException",
    sagemaker.update_model_package,
    ModelPackageArn=f"arn:aws:sagemaker:{REGION}:333333333333:model-package/mammo-severity-model-package/1",
    ModelApprovalStatus="Approved",
)
print("toured")
