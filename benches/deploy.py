"""The reference's `run-pipeline`, once: make or change one pipeline through the SDK it uses.

    python deploy.py NAME ROLE DEFINITION

With SageMaker's SDK (2.x) it imports what the reference's own module imports and calls `Pipeline.upsert`; without, the
two calls that this comes down to are made with boto3. The server is named by AWS_ENDPOINT_URL. Prints which it was.
"""

import sys
import uuid

import boto3

name, role, file = sys.argv[1:]
definition = open(file).read()

try:
    import sagemaker
    import sagemaker.session
    from sagemaker.estimator import Estimator  # noqa: F401
    from sagemaker.inputs import TrainingInput  # noqa: F401
    from sagemaker.model_metrics import ModelMetrics  # noqa: F401
    from sagemaker.processing import ScriptProcessor  # noqa: F401
    from sagemaker.sklearn.processing import SKLearnProcessor  # noqa: F401
    from sagemaker.workflow.pipeline import Pipeline
    from sagemaker.workflow.quality_check_step import QualityCheckStep  # noqa: F401
    from sagemaker.workflow.steps import ProcessingStep, TrainingStep  # noqa: F401
except ImportError:
    client = boto3.client("sagemaker")
    try:
        client.create_pipeline(
            PipelineName=name, RoleArn=role, PipelineDefinition=definition, ClientRequestToken=uuid.uuid4().hex
        )
    except client.exceptions.ClientError:
        client.update_pipeline(PipelineName=name, RoleArn=role, PipelineDefinition=definition)
    print("boto3 alone")
else:

    class Written(Pipeline):
        """A pipeline whose definition is written already, which costs the SDK less than building it."""

        def definition(self):
            return definition

    boto = boto3.Session()
    session = sagemaker.session.Session(boto_session=boto, sagemaker_client=boto.client("sagemaker"))
    Written(name=name, steps=[], sagemaker_session=session).upsert(role_arn=role)
    print(f"SageMaker's SDK {sagemaker.__version__}")
