//! Functions and their versions.

use super::{Found, Ground, Otherwise, refused, same};
use relevo::{
    aws::{ErrorClass, Lambda},
    plan::{Function, FunctionSettings, FunctionSpec, Readiness, tags},
};

/// Looks at a function before it is given up: each is a request.
const MOST_LOOKS: u32 = 5000;

fn spec(ground: &Ground) -> FunctionSpec {
    crate::aws::world::Example::read().function(&ground.prod)
}

/// The function, once it can be changed.
async fn ready(lambda: &Lambda, name: &str) -> Result<Function, Otherwise> {
    for _ in 0..MOST_LOOKS {
        match lambda.head(name).await? {
            Some(head) if head.readiness == Readiness::Ready => return Ok(head),
            Some(_) => {}
            None => return Err(Otherwise("GetFunction: gone".to_owned())),
        }
    }
    Err(Otherwise("GetFunction: never ready".to_owned()))
}

async fn made(ground: &Ground) -> Result<(Lambda, FunctionSpec), Otherwise> {
    let (lambda, spec) = (ground.deployer().await?.lambda(), spec(ground));
    lambda.create(&spec.name, spec.zip.clone(), &spec.settings, &tags(&ground.prod)).await?;
    ready(&lambda, &spec.name).await?;
    Ok((lambda, spec))
}

pub(super) async fn a_function_is_made_changed_and_removed(ground: Ground) -> Found {
    let name = spec(&ground).name;
    let lambda = ground.deployer().await?.lambda();
    same("head before", lambda.head(&name).await?, None)?;
    same("tags before", lambda.tags(&name).await?, None)?;
    same("function before", lambda.function(&name).await?, Default::default())?;
    let (lambda, spec) = made(&ground).await?;
    let head = ready(&lambda, &name).await?;
    same("code", head.code_sha256 == spec.code_sha256, true)?;
    same("settings", &head.settings, &spec.settings)?;
    same("tags", lambda.tags(&name).await?, Some(tags(&ground.prod)))?;

    let version = lambda.publish(&name, &spec.code_sha256).await?;
    same("first version", version, 1)?;
    same("again", lambda.publish(&name, &spec.code_sha256).await?, 1)?;
    let longer = FunctionSettings { timeout_seconds: 7, ..spec.settings.clone() };
    ready(&lambda, &name).await?;
    lambda.update_settings(&name, &longer).await?;
    same("timeout", ready(&lambda, &name).await?.settings, longer)?;
    same("second version", lambda.publish(&name, &spec.code_sha256).await?, 2)?;
    let function = lambda.function(&name).await?;
    same("versions", function.versions.keys().copied().collect::<Vec<_>>(), vec![1, 2])?;
    same("first as it was", &function.versions[&1].settings, &spec.settings)?;

    let remover = ground.remover().await?.lambda();
    remover.delete(&name).await?;
    remover.delete(&name).await?;
    same("head after", remover.head(&name).await?, None)
}

pub(super) async fn a_version_has_the_code_it_was_asked_for(ground: Ground) -> Found {
    let (lambda, spec) = made(&ground).await?;
    let other = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let error = refused("PublishVersion", lambda.publish(&spec.name, other).await)?;
    same("PublishVersion", error.class, ErrorClass::Invalid)
}

pub(super) async fn a_function_is_made_once(ground: Ground) -> Found {
    let (lambda, spec) = made(&ground).await?;
    let again =
        lambda.create(&spec.name, spec.zip.clone(), &spec.settings, &Default::default()).await;
    let error = refused("CreateFunction", again)?;
    same("CreateFunction", error.class, ErrorClass::Conflict)
}
