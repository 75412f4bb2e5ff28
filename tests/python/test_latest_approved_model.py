"""The Lambda against a registry made of dictionaries."""

import sys
import unittest
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "templates/scripts"))

import latest_approved_model as lambda_module  # noqa: E402

GROUP = "arn:aws:sagemaker:us-east-1:333333333333:model-package-group/mammo-severity-model-package"
DIGEST = "sha256:" + "a" * 64


def at(day):
    return datetime(2026, 11, day, tzinfo=timezone.utc)


def package(version, created, modified=None, **changes):
    """A version as DescribeModelPackage returns it, approved and complete unless changed."""
    prefix = "s3://sagemaker-registry-bucket/model/%d" % version
    description = {
        "ModelPackageArn": "%s/%d" % (GROUP.replace("model-package-group", "model-package"), version),
        "ModelPackageVersion": version,
        "ModelApprovalStatus": "Approved",
        "ModelPackageStatus": "Completed",
        "CreationTime": at(created),
        "InferenceSpecification": {
            "Containers": [
                {
                    "Image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
                    "ImageDigest": DIGEST,
                    "ModelDataUrl": prefix + "/model.tar.gz",
                    "ModelDataETag": "etag-%d" % version,
                }
            ]
        },
        "DriftCheckBaselines": {
            "ModelDataQuality": {
                "Statistics": {"S3Uri": prefix + "/statistics.json"},
                "Constraints": {"S3Uri": prefix + "/constraints.json"},
            }
        },
        "CustomerMetadataProperties": {"imputer_uri": prefix + "/imputer.json"},
    }
    if modified:
        description["LastModifiedTime"] = at(modified)
    description.update(changes)
    return description


def in_stage(stage, status="Approved"):
    return {"ModelLifeCycle": {"Stage": stage, "StageStatus": status}}


class Registry:
    """The two SageMaker calls, one version a page and an empty page between them."""

    def __init__(self, *packages):
        self.packages = {p["ModelPackageArn"]: p for p in packages}

    def list_model_packages(self, ModelPackageGroupName, ModelApprovalStatus, MaxResults, NextToken="0"):
        assert ModelPackageGroupName == GROUP and ModelApprovalStatus == "Approved" and MaxResults == 100
        page = int(NextToken)
        arns = list(self.packages)
        listed = [{"ModelPackageArn": arns[page // 2]}] if page % 2 == 1 and page // 2 < len(arns) else []
        more = {"NextToken": str(page + 1)} if page < 2 * len(arns) else {}
        return {"ModelPackageSummaryList": listed, **more}

    def describe_model_package(self, ModelPackageName):
        return self.packages[ModelPackageName]


class Bucket:
    """S3 with one ETag for every object, or the one that belongs to the version."""

    def __init__(self, etag=None):
        self.etag = etag

    def head_object(self, Bucket, Key):
        assert Bucket == "sagemaker-registry-bucket"
        return {"ETag": '"%s"' % (self.etag or "etag-" + Key.split("/")[1])}


class LatestApproved(unittest.TestCase):
    def newest(self, *packages, stage=None):
        return lambda_module.latest_approved(Registry(*packages), GROUP, stage)["ModelPackageVersion"]

    def test_nothing_approved_has_a_name(self):
        with self.assertRaisesRegex(lambda_module.NoApprovedModel, "approve one first"):
            self.newest()

    def test_the_last_approved_wins_over_the_last_created(self):
        self.assertEqual(self.newest(package(1, 1, 9), package(2, 2, 3), package(3, 3, 4)), 1)

    def test_a_version_registered_as_approved_counts_from_its_creation(self):
        self.assertEqual(self.newest(package(1, 1, 4), package(2, 5)), 2)

    def test_what_is_no_longer_approved_or_not_completed_is_passed_over(self):
        rejected = package(3, 3, 9, ModelApprovalStatus="Rejected")
        failed = package(4, 4, 9, ModelPackageStatus="Failed")
        self.assertEqual(self.newest(package(1, 1, 2), rejected, failed), 1)

    def test_only_the_asked_life_cycle_stage(self):
        prod, dev = in_stage("prod"), in_stage("dev")
        versions = [package(1, 1, 2, **prod), package(2, 2, 3, **dev), package(3, 3, 4)]
        self.assertEqual(self.newest(*versions, stage="prod"), 1)
        with self.assertRaisesRegex(lambda_module.NoApprovedModel, "for test; version 3 is approved"):
            self.newest(*versions, stage="test")

    def test_what_was_superseded_or_is_on_its_way_is_not_in_use(self):
        versions = [package(1, 1, 2, **in_stage("prod")), package(2, 2, 9, **in_stage("prod", "Superseded"))]
        self.assertEqual(self.newest(*versions, stage="prod"), 1)

    def test_of_several_in_one_stage_the_one_modified_last_is_in_use(self):
        prod = in_stage("prod")
        self.assertEqual(self.newest(package(1, 1, 9, **prod), package(2, 2, 3, **prod), stage="prod"), 1)

    def test_the_command_that_would_help_is_named(self):
        with self.assertRaisesRegex(lambda_module.NoApprovedModel, "`agent models approve VERSION --env prod`"):
            self.newest(stage="prod")
        with self.assertRaisesRegex(lambda_module.NoApprovedModel, "`agent models promote 2 --env prod`"):
            self.newest(package(1, 1), package(2, 2), stage="prod")

    def test_more_pages_than_the_bound_are_refused(self):
        with self.assertRaises(lambda_module.TooManyModels):
            self.newest(*[package(n, 1) for n in range(1, 20)])


class Outputs(unittest.TestCase):
    def test_everything_the_pipeline_reads_is_text(self):
        self.assertEqual(
            lambda_module.outputs(package(7, 1), Bucket()),
            {
                "model_package_arn": "arn:aws:sagemaker:us-east-1:333333333333:model-package/mammo-severity-model-package/7",
                "model_artifact_uri": "s3://sagemaker-registry-bucket/model/7/model.tar.gz",
                "image_uri": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost@" + DIGEST,
                "s3_baseline_uri_statistics": "s3://sagemaker-registry-bucket/model/7/statistics.json",
                "s3_baseline_uri_constraints": "s3://sagemaker-registry-bucket/model/7/constraints.json",
                "imputer_uri": "s3://sagemaker-registry-bucket/model/7/imputer.json",
            },
        )

    def refused(self, changed, text, s3=None):
        with self.assertRaisesRegex(lambda_module.UnusableModel, text):
            lambda_module.outputs(changed, s3 or Bucket())

    def test_a_version_without_baselines_or_imputer_names_what_it_lacks(self):
        lacking = package(1, 1, DriftCheckBaselines={}, CustomerMetadataProperties={})
        self.refused(lacking, "imputer_uri, s3_baseline_uri_constraints, s3_baseline_uri_statistics")

    def test_two_containers_are_refused(self):
        two = package(1, 1)
        two["InferenceSpecification"]["Containers"] *= 2
        self.refused(two, "2 containers")

    def test_a_changed_artefact_is_refused(self):
        self.refused(package(1, 1), "changed after it was registered", Bucket("other"))

    def test_an_image_with_another_digest_is_refused(self):
        moved = package(1, 1)
        moved["InferenceSpecification"]["Containers"][0]["Image"] = "registry/xgboost@sha256:" + "b" * 64
        self.refused(moved, "another digest")

    def test_an_image_without_a_digest_keeps_its_tag(self):
        plain = package(1, 1)
        del plain["InferenceSpecification"]["Containers"][0]["ImageDigest"]
        self.assertTrue(lambda_module.outputs(plain, Bucket())["image_uri"].endswith("sagemaker-xgboost:1.7-1"))


if __name__ == "__main__":
    unittest.main()
