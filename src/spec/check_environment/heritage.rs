//! Keys of the replaced system that are accepted so that its files can be read unchanged.

use super::desk::Desk;
use crate::{
    ids::EnvName,
    spec::{notes::quoted, raw_environment::RawEnvironment},
};

/// The only bus that AWS sends its own events to, and the only one with schedules
/// (EventBridge user guide, "Creating a rule").
const ONLY_BUS: &str = "default";

pub(super) fn check(desk: &mut Desk<'_, '_>, name: &EnvName, raw: &RawEnvironment) {
    if let Some(group) = desk.text(&["env_group"], raw.env_group.as_ref()) {
        if group == name.as_str() {
            unused(desk, "env_group", "the file's name says the same");
        } else {
            let message =
                format!("'env_group' is {}, but this is the file of '{name}'", quoted(group));
            desk.reading
                .error(&["env_group"], "disagreement", message)
                .help("rename the file, or remove the key");
        }
    }
    if desk.text(&["terraform_state_bucket"], raw.terraform_state_bucket.as_ref()).is_some() {
        unused(
            desk,
            "terraform_state_bucket",
            "state is read back from AWS, there is no state file",
        );
    }
    if let Some(bus) = desk.text(&["event_bus_name"], raw.event_bus_name.as_ref())
        && bus != ONLY_BUS
    {
        let message = format!("'event_bus_name' cannot be {}", quoted(bus));
        desk.reading.error(&["event_bus_name"], "bad-value", message).help(
            "AWS sends its own events to the bus 'default' only, and schedules work on no other; \
             remove the key",
        );
    }
}

fn unused(desk: &mut Desk<'_, '_>, key: &str, reason: &str) {
    let message = format!("'{key}' is not used: {reason}");
    desk.reading.warning(&[key], "unused-key", message).help("it can be removed");
}
