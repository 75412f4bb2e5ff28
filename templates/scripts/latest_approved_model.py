"""Lambda of the inference pipeline: finds the model version to use tonight.

Event: region, model_package_group_name (name or ARN) and life_cycle_stage, the environment's name; without a stage
every approved version counts. A version is in use by an environment if it is approved, complete, and its life cycle
says that stage with the status Approved. Of several, the version that was approved last wins, not the one that was
created last, so that approving an older one again rolls back. The registry keeps no approval time. LastModifiedTime, which DescribeModelPackage alone tells, comes closest: a version is registered pending
and modified when it is approved. Whoever edits an approved version's metadata later makes it the latest as well.

Nothing approved is an outcome with a name of its own, NoApprovedModel: Lambda reports the class as errorType and
the step fails with it, so that the pipeline's owner can tell "not yet" from "broken".
"""

import re

PAGE_SIZE = 100  # the most ListModelPackages gives
MAX_PAGES = 10  # 1,000 approved versions; each costs one Describe
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
S3_URI = re.compile(r"s3://([^/]+)/(.+)")


class NoApprovedModel(Exception):
    """The group has no approved version yet. Approve one, then start the pipeline again."""


class UnusableModel(Exception):
    """The version approved last lacks something, or its files are no longer those that were registered."""


class TooManyModels(Exception):
    """More approved versions than are looked through; reject or delete old ones."""


def handler(event, context):
    """Entry point: the outputs of the Lambda step, all text."""
    import boto3  # here, so that the rest runs without it

    region = event["region"]
    sagemaker, s3 = boto3.client("sagemaker", region_name=region), boto3.client("s3", region_name=region)
    package = latest_approved(sagemaker, event["model_package_group_name"], event.get("life_cycle_stage"))
    return outputs(package, s3)


def latest_approved(sagemaker, group, life_cycle_stage=None):
    """The description of the completed version that was approved last, for the life-cycle stage if one is asked."""
    candidates, others = [], []
    for arn in approved_arns(sagemaker, group):
        package = sagemaker.describe_model_package(ModelPackageName=arn)
        # read again: the list may be older than a rejection
        if package["ModelApprovalStatus"] == "Approved" and package["ModelPackageStatus"] == "Completed":
            (candidates if is_for(package, life_cycle_stage) else others).append(package)
    if not candidates:
        raise NoApprovedModel(what_would_help(group, life_cycle_stage, others))
    return max(candidates, key=lambda p: (p.get("LastModifiedTime") or p["CreationTime"], p["ModelPackageVersion"]))


def is_for(package, life_cycle_stage):
    """May the stage use this approved version?"""
    stage = package.get("ModelLifeCycle", {})
    return life_cycle_stage is None or (
        stage.get("Stage") == life_cycle_stage and stage.get("StageStatus") == "Approved"
    )


def what_would_help(group, life_cycle_stage, others):
    """Why no version can be used, and the command that changes it."""
    if life_cycle_stage is None:
        return "no approved model version in %s: approve one first" % group
    if not others:
        text = "no approved model version in %s: `agent models approve VERSION --env %s` approves one"
        return text % (group, life_cycle_stage)
    newest = max(package["ModelPackageVersion"] for package in others)
    text = "no model version in %s is approved for %s; version %d is approved, but not for that: "
    return (text + "`agent models promote %d --env %s` changes it") % (
        group,
        life_cycle_stage,
        newest,
        newest,
        life_cycle_stage,
    )


def approved_arns(sagemaker, group):
    """The ARNs of all approved versions, over all pages; pages may be short or empty."""
    query = {"ModelPackageGroupName": group, "ModelApprovalStatus": "Approved", "MaxResults": PAGE_SIZE}
    for _ in range(MAX_PAGES):
        page = sagemaker.list_model_packages(**query)
        for summary in page["ModelPackageSummaryList"]:
            yield summary["ModelPackageArn"]
        if not page.get("NextToken"):
            return
        query["NextToken"] = page["NextToken"]
    raise TooManyModels("%s has more than %d approved versions" % (group, MAX_PAGES * PAGE_SIZE))


def outputs(package, s3):
    """What the pipeline's later steps read, after every part of it was checked."""
    arn = package["ModelPackageArn"]
    containers = package.get("InferenceSpecification", {}).get("Containers", [])
    if len(containers) != 1:
        raise UnusableModel("%s has %d containers; the model step can use exactly one" % (arn, len(containers)))
    baselines = package.get("DriftCheckBaselines", {}).get("ModelDataQuality", {})
    result = {
        "model_package_arn": arn,
        "model_artifact_uri": containers[0].get("ModelDataUrl"),
        "image_uri": pinned_image(arn, containers[0]),
        "s3_baseline_uri_statistics": baselines.get("Statistics", {}).get("S3Uri"),
        "s3_baseline_uri_constraints": baselines.get("Constraints", {}).get("S3Uri"),
        "imputer_uri": package.get("CustomerMetadataProperties", {}).get("imputer_uri"),
    }
    lacking = sorted(name for name, value in result.items() if not value)
    if lacking:
        raise UnusableModel("%s was registered without %s" % (arn, ", ".join(lacking)))
    check_artifact(arn, containers[0], s3)
    return result


def pinned_image(arn, container):
    """The image by the digest that was registered, so that a moved tag cannot change what runs."""
    image, digest = container.get("Image"), container.get("ImageDigest", "")
    if not image or not DIGEST.fullmatch(digest):
        return image  # the registry may hold none, or one of an older kind
    name, _, pinned = image.partition("@")
    if pinned and pinned != digest:
        raise UnusableModel("%s names an image by another digest than it was registered with" % arn)
    folder, _, last = name.rpartition("/")
    repository = last.partition(":")[0]
    return "%s@%s" % ("%s/%s" % (folder, repository) if folder else repository, digest)


def check_artifact(arn, container, s3):
    """The artefact must still be the object that was registered."""
    registered = container.get("ModelDataETag")
    if not registered:
        return  # the registry may hold none
    location = S3_URI.fullmatch(container["ModelDataUrl"])
    if not location:
        raise UnusableModel("%s has a model artefact that is not in S3" % arn)
    found = s3.head_object(Bucket=location.group(1), Key=location.group(2))["ETag"]
    if found.strip('"') != registered.strip('"'):
        raise UnusableModel("%s: the model artefact was changed after it was registered" % arn)
