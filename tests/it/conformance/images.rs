//! Images in ECR: there, without the tag, without the repository, and nobody's business.

use super::{Found, Ground, Server, refused, same};
use crate::aws::world::run;
use relevo::{
    aws::{CloudError, ErrorClass, Purpose, Session},
    clock::{Clock as _, SystemClock},
    definition::first_party_images,
    doctor::{Subject, examine},
    ids::EcrImage,
    preflight::{Check, ImageState, Outcome},
    spec::{Environment, Images},
};

async fn asked(session: &Session, address: &str) -> Result<ImageState, CloudError> {
    session.ecr().image(&address.parse().unwrap()).await
}

pub(super) async fn an_image_is_found_by_its_tag(ground: Ground) -> Found {
    let session = ground.assume(&ground.prod, Purpose::Diagnose).await?;
    same("image", asked(&session, &ground.image).await?, ImageState::There)
}

/// The registry's account has none of that name.
pub(super) async fn an_image_is_of_its_own_registry(ground: Ground) -> Found {
    let session = ground.assume(&ground.prod, Purpose::Diagnose).await?;
    let (_, image) = ground.image.split_once('.').unwrap();
    let registry = ground.prod.model_package_group.account().unwrap();
    let elsewhere = format!("{registry}.{image}");
    same("image", asked(&session, &elsewhere).await?, ImageState::NoRepository)
}

/// They are in a registry of AWS's own, which lets everybody pull.
pub(super) async fn a_first_party_image_is_found_in_its_own_account(ground: Ground) -> Found {
    let session = ground.assume(&ground.prod, Purpose::Diagnose).await?;
    let images: Vec<EcrImage> = first_party_images(&ground.prod.region).unwrap();
    for image in images {
        same("image", session.ecr().image(&image).await?, ImageState::There)?;
    }
    Ok(())
}

pub(super) async fn a_missing_tag_is_told_from_a_missing_repository(ground: Ground) -> Found {
    let session = ground.assume(&ground.prod, Purpose::Diagnose).await?;
    let (repository, _) = ground.image.rsplit_once(':').unwrap();
    let digest = format!("{repository}@sha256:{}", "0".repeat(64));
    for missing in [format!("{repository}:no-such-tag"), digest] {
        let state = asked(&session, &missing).await?;
        let ImageState::Failure { code, .. } = state else {
            return same("image", state, ImageState::There);
        };
        same("code", code.as_str(), "ImageNotFound")?;
    }
    let nobodys = format!("{repository}-nobodys:1");
    same("image", asked(&session, &nobodys).await?, ImageState::NoRepository)
}

pub(super) async fn an_image_is_not_for_everybody_to_look_at(ground: Ground) -> Found {
    let session = ground.assume(&ground.prod, Purpose::Read).await?;
    let error = refused("BatchGetImage", asked(&session, &ground.image).await)?;
    same("BatchGetImage", error.class, ErrorClass::Denied)
}

/// What the doctor says of an image of prod's own, there at first and then deleted.
#[tokio::test]
async fn the_doctor_sees_an_image_go() {
    let Some(ground) = Ground::on(Server::Moto).await else { return };
    let images = Images { monitor: Some(ground.image.clone()), ..Images::default() };
    let environment = Environment { images, ..ground.prod.clone() };
    let of_monitor = async || {
        let (access, environment) = (&ground.access, &environment);
        let now = SystemClock.now();
        let subject = Subject { access, environment, branch: "main", run: &run(), now };
        let checks: Vec<Check> = Box::pin(examine(subject)).await;
        checks.into_iter().find(|check| check.what == "image: monitor").unwrap().outcome
    };
    let outcome = of_monitor().await;
    assert!(matches!(outcome, Outcome::Ok { .. }), "{outcome:?}");
    ground.delete_image(Server::Moto).await;
    let Outcome::Failed { why, fix } = of_monitor().await else { panic!("it is gone") };
    assert!(why.ends_with("has no image with the tag 3.0-5"), "{why}");
    assert!(fix.starts_with("push sagemaker-xgboost:3.0-5, or name one"), "{fix}");
    assert!(fix.contains("images.monitor in environments/prod.yaml"), "{fix}");
}
