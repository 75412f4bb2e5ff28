//! The two pipelines' names, given once, twice or inside an ARN, and the schedule.

use super::{
    arns::{self, ArnKind},
    desk::Desk,
    site::{Owner, Site},
};
use crate::{
    ids::PipelineName,
    schedule::Schedule,
    spec::{notes::quoted, raw_environment::RawEnvironment},
};

/// What a file says about one pipeline, and where.
struct Said<'a> {
    section: &'static str,
    outer_key: &'static str,
    name: Option<&'a String>,
    outer_name: Option<&'a String>,
    arn: Option<&'a String>,
}

pub(super) fn train(
    desk: &mut Desk<'_, '_>,
    raw: &RawEnvironment,
    site: Option<&Site>,
) -> Option<PipelineName> {
    let section = raw.train_pipeline.as_ref()?;
    let said = Said {
        section: "train_pipeline",
        outer_key: "train_pipeline_name",
        name: section.name.as_ref(),
        outer_name: raw.train_pipeline_name.as_ref(),
        arn: section.arn.as_ref(),
    };
    said.check(desk, site)
}

pub(super) fn inference(
    desk: &mut Desk<'_, '_>,
    raw: &RawEnvironment,
    site: Option<&Site>,
) -> Option<PipelineName> {
    let section = raw.inference_pipeline.as_ref()?;
    let said = Said {
        section: "inference_pipeline",
        outer_key: "inference_pipeline_name",
        name: section.name.as_ref(),
        outer_name: raw.inference_pipeline_name.as_ref(),
        arn: section.arn.as_ref(),
    };
    said.check(desk, site)
}

impl Said<'_> {
    fn check(&self, desk: &mut Desk<'_, '_>, site: Option<&Site>) -> Option<PipelineName> {
        let path = [self.section, "name"];
        let inner: Option<PipelineName> = desk.parsed(&path, self.name);
        let outer: Option<PipelineName> = desk.parsed(&[self.outer_key], self.outer_name);
        if let (Some(inner), Some(outer)) = (&inner, &outer)
            && inner != outer
        {
            let message = format!(
                "'{}' is '{outer}', but '{}.name' is '{inner}'",
                self.outer_key, self.section
            );
            desk.reading
                .error(&[self.outer_key], "disagreement", message)
                .help(format!("'{}' can be removed", self.outer_key));
        }
        if !desk.reading.has(&path) && !desk.reading.has(&[self.outer_key]) {
            let message = format!("'{}' lacks the key 'name'", self.section);
            desk.reading
                .key_error(&[self.section], "missing-key", message)
                .help("name: the pipeline's name in SageMaker");
        }
        let name = inner.or(outer);
        self.check_arn(desk, name.as_ref(), site);
        name
    }

    /// SageMaker lower-cases the name in the ARN (aws-sdk examples: `AbalonePipeline` is
    /// `pipeline/abalonepipeline`), people do not: letter case does not count here.
    fn check_arn(&self, desk: &mut Desk<'_, '_>, name: Option<&PipelineName>, site: Option<&Site>) {
        let path = [self.section, "arn"];
        let Some(arn) = arns::read(desk, &path, self.arn, ArnKind::Pipeline) else { return };
        if let Some(site) = site {
            site.must_hold(desk, &path, &arn, Owner::Environment);
        }
        if let Some(name) = name
            && !arn.name().eq_ignore_ascii_case(name.as_str())
        {
            let message = format!(
                "'{0}.arn' is of pipeline {1}, but the pipeline's name is '{name}'",
                self.section,
                quoted(arn.name())
            );
            desk.reading
                .error(&path, "disagreement", message)
                .help("the ARN is derived; the key can be removed");
        }
    }
}

/// The schedule of the inference pipeline, as EventBridge takes it.
pub(super) fn schedule(desk: &mut Desk<'_, '_>, raw: &RawEnvironment) -> Option<String> {
    let path = ["inference_pipeline", "cron_schedule"];
    let text = raw.inference_pipeline.as_ref()?.cron_schedule.as_ref();
    let text = desk.text(&path, text)?;
    Schedule::parse(text)
        .map_err(|error| {
            let message = format!("{} is no schedule: {}", quoted(text), error.problem);
            desk.reading.error(&path, "bad-schedule", message).help(error.hint);
        })
        .ok()?;
    Some(text.to_owned())
}
