//! A bucket that was made by an agent that did not live to hear of it.

use super::*;

/// S3 tags a bucket as it is born, and so does this server, which moto does not.
#[test]
fn a_bucket_whose_making_nobody_heard_of_is_known_again() {
    let Some(ministack) = Emulator::Ministack.port() else { return };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let proxy = runtime.block_on(Proxy::before(ministack));
    let accounts = Accounts::at(proxy.port, 6);
    let prod = accounts.ids[1].as_str();
    // this server takes twelve digits for the keys of that account
    let agent = |more: &[&str]| {
        accounts.by(prod, &[&["--agent-role", AGENT, "--account", prod], more].concat())
    };
    let apply = ["--apply", "--confirm", "prod"];
    // each attempt of the call is acted on, and none is heard of
    proxy.spoil("s3 PUT", 3, Fault::ResetAfter);
    agent(&apply).exits(1).says("CreateBucket");
    assert_eq!(proxy.spoilt(), 3);
    proxy.plan([]);
    agent(&[]).exits(5).says(&format!("~ bucket {}: change", accounts.bucket));
    agent(&apply).done().says(&format!("changed bucket {}", accounts.bucket));
    agent(&[]).done().says("Nothing to do");
}
