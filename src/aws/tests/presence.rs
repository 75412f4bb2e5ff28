//! Objects that are looked for by their folder.

use super::*;
use std::collections::BTreeSet;

const KEYS: [&str; 3] = ["m/scripts/1a/a.py", "m/scripts/5b/b.py", "m/scripts/9c/c.py"];

/// A page of a listing.
fn page(keys: &[&str], truncated: &str) -> String {
    let contents: String =
        keys.iter().map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
    format!("<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{contents}</ListBucketResult>")
}

async fn present(session: &Session, keys: &[&str]) -> BTreeSet<String> {
    let keys = keys.iter().copied().collect();
    session.s3().present("sagemaker-prod-bucket", &keys).await.unwrap()
}

fn set(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[tokio::test]
async fn a_folder_is_listed_from_its_first_wanted_key_on() {
    let listed = page(&[KEYS[0], "m/scripts/3f/other.py", KEYS[2]], "false");
    let (session, script) = session(&[(200, &listed)]).await;
    assert_eq!(present(&session, &KEYS).await, set(&[KEYS[0], KEYS[2]]));
    let [asked] = &script.asked()[..] else { panic!("one call") };
    assert!(asked.uri.contains("prefix=m%2Fscripts%2F&"), "{}", asked.uri);
    assert!(asked.uri.contains("start-after=m%2Fscripts%2F1a%2Fa.p"), "{}", asked.uri);
    assert!(!asked.uri.contains("a.py"), "{}", asked.uri);
    assert_eq!(asked.header("x-amz-expected-bucket-owner"), Some("222222222222"));
}

#[tokio::test]
async fn what_lies_behind_the_page_is_asked_about_by_itself() {
    let listed = page(&[KEYS[0], "m/scripts/5a/other.py"], "true");
    let (session, script) = session(&[(200, &listed), (404, ""), (200, "")]).await;
    assert_eq!(present(&session, &KEYS).await, set(&[KEYS[0], KEYS[2]]));
    assert_eq!(script.asked().len(), 3);
    let nothing = page(&[], "true");
    let (session, script) =
        super::session(&[(200, &nothing), (404, ""), (404, ""), (404, "")]).await;
    assert_eq!(present(&session, &KEYS).await, set(&[]));
    assert_eq!(script.asked().len(), 4, "an empty page that goes on tells of no key");
}

#[tokio::test]
async fn where_listing_is_not_allowed_each_is_asked_about() {
    let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    let answers = [(403, denied), (200, ""), (404, ""), (404, "")];
    let (session, script) = session(&answers).await;
    assert_eq!(present(&session, &KEYS).await.len(), 1);
    assert_eq!(script.asked().len(), 4);
}

#[tokio::test]
async fn one_key_alone_and_a_key_of_no_folder_cost_no_listing() {
    let (session, script) = session(&[(200, ""), (200, ""), (404, "")]).await;
    assert_eq!(present(&session, &["m/data/d/x.csv", "top", "top/a"]).await.len(), 2);
    assert!(script.asked().iter().all(|asked| !asked.uri.contains("list-type")));
}
