//! Images in ECR: there, without the tag, without the repository, and nobody's business.

use super::{Found, Ground, refused, same};
use relevo::{
    aws::{CloudError, ErrorClass, Purpose, Session},
    definition::first_party_images,
    ids::EcrImage,
    preflight::ImageState,
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
