//! An image of one's own: pushed by somebody, deleted by somebody, and what the agent says of it each time.

use super::accounts::Accounts;
use serde_json::Value;

const PUSH: &str = "
media = 'application/vnd.docker.distribution.manifest.v2+json'
manifest = json.dumps({'schemaVersion': 2, 'mediaType': media, 'layers': []})
client('ecr').create_repository(repositoryName='clinic/monitor')
client('ecr').put_image(repositoryName='clinic/monitor', imageManifest=manifest, imageTag='7')
tell(None)";
const DELETE: &str = "
client('ecr').batch_delete_image(repositoryName='clinic/monitor', imageIds=[{'imageTag': '7'}])
tell(None)";

/// What is said of the image. The server offers too little for all to be well.
fn told(accounts: &Accounts) -> Value {
    let told = accounts.agent(&["doctor", "--env", "prod", "--json"]);
    let checks = told.json()["checks"].as_array().unwrap().clone();
    checks.into_iter().find(|check| check["check"] == "image: monitor").unwrap()
}

#[test]
fn an_image_of_ones_own_is_there_and_then_is_not() {
    let Some(accounts) = Accounts::three() else { return };
    let file = "environments/prod.yaml";
    let image = format!("{}.dkr.ecr.us-east-1.amazonaws.com/clinic/monitor:7", accounts.prod);
    let text = format!("{}\nimages: {{ monitor: '{image}' }}\n", accounts.world.read(file));
    accounts.world.write(file, &text);
    accounts.world.commit("Watch with our own image");
    let check = told(&accounts);
    let why = format!("account {} has no repository clinic/monitor in us-east-1", accounts.prod);
    assert_eq!((&check["outcome"], &check["why"]), (&"failed".into(), &why.into()));
    accounts.hands(&accounts.prod, PUSH);
    assert_eq!(told(&accounts)["outcome"], "ok");
    accounts.hands(&accounts.prod, DELETE);
    let check = told(&accounts);
    assert_eq!(check["outcome"], "failed", "{check}");
    assert!(check["why"].as_str().unwrap().ends_with("has no image with the tag 7"), "{check}");
    let fix = check["fix"].as_str().unwrap();
    assert!(fix.starts_with("push clinic/monitor:7, or name one"), "{fix}");
    assert!(fix.contains("images.monitor"), "{fix}");
}
