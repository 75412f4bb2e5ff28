//! The images that the pipelines run in: each is asked for in ECR, once its address does not tell that it is in vain.

use super::unread;
use crate::{
    aws::{CloudError, ErrorClass, Session},
    definition::{self, PipelineImage},
    ids::EcrImage,
    preflight::{self, Check, Outcome},
    spec::Environment,
};

/// One check for each; without a session, as far as the addresses tell.
pub(super) async fn examine(session: Option<&Session>, environment: &Environment) -> Vec<Check> {
    let images = match definition::pipeline_images(environment) {
        Ok(images) => images,
        Err(error) => return vec![Check::new("images", Outcome::unknown(error.to_string()))],
    };
    let [xgboost, scikit_learn, monitor] = &images;
    let (xgboost, scikit_learn, monitor) = tokio::join!(
        image(session, xgboost, environment),
        image(session, scikit_learn, environment),
        image(session, monitor, environment),
    );
    vec![xgboost, scikit_learn, monitor]
}

async fn image(
    session: Option<&Session>,
    image: &PipelineImage,
    environment: &Environment,
) -> Check {
    let outcome = match (preflight::whereabouts(image, environment), session) {
        (Err(outcome), _) => outcome,
        (Ok(_), None) => Outcome::unknown(super::LATER),
        (Ok(found), Some(session)) => match session.ecr().image(&found).await {
            Ok(state) => preflight::image(image, (&found, &state), environment),
            Err(error) => unasked(&error, &found, environment),
        },
    };
    Check::new(image.setting.replacen("images.", "image: ", 1), outcome)
}

/// A registry of another account lets in whom it likes, so a refusal may be its own.
fn unasked(error: &CloudError, found: &EcrImage, environment: &Environment) -> Outcome {
    let registry = found.account();
    if error.class == ErrorClass::Denied && *registry != environment.account {
        return Outcome::unknown(format!(
            "the deploy role may not ask: {} is refused, by its own policies or by repository {} of account {registry}",
            error.operation,
            found.repository()
        ));
    }
    unread(error)
}
