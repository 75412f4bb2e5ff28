//! The mail of the rehearsed cloud, as a person reads it.

use super::promotion::promoted;
use crate::world::World;

const ADDRESS: &str = "mlops-alerts@clinic.example.net";

#[test]
fn the_inbox_shows_who_was_asked_and_a_click_confirms_it() {
    let world = promoted();
    let asked = world.agent(&["rehearsal", "inbox"]).done();
    asked.says(ADDRESS).says("Subscription Confirmation").says("asks for confirmation");
    asked.says("agent rehearsal confirm");
    let json = world.agent(&["rehearsal", "inbox", "--json"]).done().json();
    let message = &json["messages"][0];
    assert_eq!(
        (&message["endpoint"], &message["fate"]["kind"]),
        (&ADDRESS.into(), &"confirmation-asked".into())
    );
    let token = message["fate"]["token"].as_str().unwrap();
    let full = world.agent(&["rehearsal", "inbox", "--full", "--most", "1"]).done();
    full.says(token).says("through arn:aws:sns:us-east-1:222222222222:");

    world.agent(&["rehearsal", "confirm", "eve@clinic.example.net"]).done().says("Nothing waits");
    let confirmed = world.agent(&["rehearsal", "confirm", ADDRESS]).done();
    confirmed.says(&format!("{ADDRESS} gets what arn:aws:sns:us-east-1:222222222222:"));
    let again = world.agent(&["rehearsal", "confirm", "--json"]).done().json();
    assert_eq!(again, serde_json::json!([]));
}

#[test]
fn an_empty_inbox_says_so_and_help_shows_how() {
    let world = World::new();
    world.agent(&["rehearsal", "inbox"]).done().says("Nothing was sent yet.");
    world.agent(&["rehearsal", "inbox", "--help"]).done().says("--full --most 1");
    world.agent(&["rehearsal", "confirm", "--help"]).done().says("Examples:");
}
