//! Pipelines: read one, and make one be as it should be.

use super::SageMaker;
use crate::{
    aws::{
        CloudError, ErrorClass,
        error::{Act, Maybe},
    },
    definition::Definition,
    ids::Digest,
    plan::{PipelineRecord, PipelineSpec, Tags},
};
use aws_sdk_sagemaker::{operation::describe_pipeline::DescribePipelineOutput, types::Tag};

/// Tags a resource can have (AddTags, `Tags`), and the fewest that one page of ListTags holds.
const MOST_TAGS: i32 = 50;

fn is_as(spec: &PipelineSpec, record: &PipelineRecord) -> bool {
    spec.role == record.role
        && spec.description == record.description
        && spec.definition.digest() == record.definition.digest()
}

/// The same pipeline gets the same token, so a create whose answer was lost is not a second pipeline.
fn token(spec: &PipelineSpec) -> String {
    let PipelineSpec { name, role, definition, .. } = spec;
    Digest::of(format!("{name}{}{role}", definition.canonical())).as_str().to_owned()
}

impl SageMaker {
    /// A pipeline, if there is one.
    ///
    /// SageMaker says ResourceNotFound; emulators say ValidationException, which for a name that was checked to be
    /// legal can mean nothing else. Should it, then creating the pipeline is refused for the same reason.
    ///
    /// # Errors
    /// If SageMaker refuses, or what it holds is not a definition.
    pub async fn pipeline(&self, name: &str) -> Result<Option<PipelineRecord>, CloudError> {
        let found = self
            .client
            .describe_pipeline()
            .pipeline_name(name)
            .send()
            .await
            .act("DescribePipeline", name);
        match found {
            Ok(found) => record(name, found).map(Some),
            Err(error) if error.class == ErrorClass::Invalid => Ok(None),
            Err(error) => Err(error).maybe(),
        }
    }

    /// Creates a pipeline with its tags and answers its ARN. One that is there and is the same already is as good: our own
    /// create whose answer was lost, or somebody who wanted the same.
    ///
    /// The code of a taken name differs between AWS's own answers and its words have changed, so a refused create is
    /// followed by a look instead of by reading the words.
    ///
    /// # Errors
    /// If SageMaker refuses, also because another pipeline has the name: nobody was shown that it would be changed.
    pub async fn create_pipeline(
        &self,
        spec: &PipelineSpec,
        tags: &Tags,
    ) -> Result<String, CloudError> {
        let refused = match self.create(spec, tags).await {
            Ok(arn) => return Ok(arn),
            Err(refused) if refused.class.may_be_there() => refused,
            Err(refused) => return Err(refused),
        };
        match self.pipeline(&spec.name).await? {
            Some(there) if is_as(spec, &there) => Ok(there.arn),
            Some(_) | None => Err(refused),
        }
    }

    /// Gives the pipeline with this ARN its tags, then its new definition, role and description.
    ///
    /// The tags come first: a crash between the two leaves an update still to do, which does both again.
    ///
    /// # Errors
    /// If SageMaker refuses.
    pub async fn update_pipeline(
        &self,
        arn: &str,
        spec: &PipelineSpec,
        tags: &Tags,
    ) -> Result<(), CloudError> {
        self.tag(arn, tags).await?;
        self.update(spec).await
    }

    /// The tags of a pipeline or of anything else SageMaker has.
    ///
    /// # Errors
    /// If SageMaker refuses. More tags than one page are not looked at: a resource has 50 at most (AddTags, `Tags`).
    pub async fn tags(&self, arn: &str) -> Result<Tags, CloudError> {
        let listed = self.client.list_tags().resource_arn(arn).max_results(MOST_TAGS).send().await;
        let tags = listed.act("ListTags", arn)?.tags.unwrap_or_default();
        Ok(tags
            .into_iter()
            .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
            .collect())
    }

    /// Deletes a pipeline; one that is not there is no error.
    ///
    /// # Errors
    /// If SageMaker refuses, for instance because an execution of it is going on.
    pub async fn delete_pipeline(&self, name: &str, token: &str) -> Result<(), CloudError> {
        let request = self.client.delete_pipeline().pipeline_name(name).client_request_token(token);
        request.send().await.act("DeletePipeline", name).maybe().map(drop)
    }

    async fn create(&self, spec: &PipelineSpec, tags: &Tags) -> Result<String, CloudError> {
        let created = self
            .client
            .create_pipeline()
            .pipeline_name(&spec.name)
            .role_arn(&spec.role)
            .pipeline_description(&spec.description)
            .pipeline_definition(spec.definition.canonical())
            .client_request_token(token(spec))
            .set_tags(Some(sdk_tags(tags)))
            .send()
            .await
            .act("CreatePipeline", &spec.name)?;
        created
            .pipeline_arn
            .ok_or_else(|| CloudError::broken_answer("CreatePipeline", &spec.name, "no ARN"))
    }

    async fn update(&self, spec: &PipelineSpec) -> Result<(), CloudError> {
        self.client
            .update_pipeline()
            .pipeline_name(&spec.name)
            .role_arn(&spec.role)
            .pipeline_description(&spec.description)
            .pipeline_definition(spec.definition.canonical())
            .send()
            .await
            .act("UpdatePipeline", &spec.name)
            .map(drop)
    }

    async fn tag(&self, arn: &str, tags: &Tags) -> Result<(), CloudError> {
        self.client
            .add_tags()
            .resource_arn(arn)
            .set_tags(Some(sdk_tags(tags)))
            .send()
            .await
            .act("AddTags", arn)
            .map(drop)
    }
}

pub(super) fn sdk_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn record(name: &str, found: DescribePipelineOutput) -> Result<PipelineRecord, CloudError> {
    let broken = |what: String| CloudError::broken_answer("DescribePipeline", name, what);
    let text = found.pipeline_definition.unwrap_or_default();
    Ok(PipelineRecord {
        arn: found.pipeline_arn.ok_or_else(|| broken("no ARN".to_owned()))?,
        role: found.role_arn.unwrap_or_default(),
        description: found.pipeline_description.unwrap_or_default(),
        definition: Definition::parse(&text)
            .map_err(|error| broken(format!("its definition: {error}")))?,
    })
}
