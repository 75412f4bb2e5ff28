//! Lists in pages: sorted by a unique key, continued after the last key of the page before.

use super::{
    super::{Call, Item, Place, ServiceError},
    check::{choice, constraint, validation},
};
use serde_json::Value;

/// Entries on a page if the request does not say.
const DEFAULT_PAGE: usize = 20;
/// Most entries on a page (`MaxResults` of every list operation).
const MAX_PAGE: u64 = 100;
/// Most items of a kind that one list reads. A rehearsal holds some dozens.
const MAX_ITEMS: u32 = 10_000;

/// In which direction a list goes if the request does not say.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    Ascending,
    Descending,
}

/// Something in a list: the key it is sorted by, unique in the list, and what is shown of it.
pub(super) struct Entry {
    pub key: String,
    pub summary: Value,
}

/// All items of a kind here whose names begin with `prefix`.
pub(super) async fn items<T: Item>(
    call: &mut Call<'_>,
    prefix: &str,
) -> Result<Vec<(String, T)>, ServiceError> {
    let place = call.place.clone();
    items_at(call, &place, prefix).await
}

/// All items of a kind at `place` whose names begin with `prefix`.
pub(super) async fn items_at<T: Item>(
    call: &mut Call<'_>,
    place: &Place,
    prefix: &str,
) -> Result<Vec<(String, T)>, ServiceError> {
    Ok(call.shelf.list(place, prefix, "", MAX_ITEMS).await?)
}

/// The page of `entries` that the request asks for, under `field` of the answer.
pub(super) fn page(
    call: &Call<'_>,
    field: &str,
    mut entries: Vec<Entry>,
    default: Order,
) -> Result<Value, ServiceError> {
    let default = match default {
        Order::Ascending => "Ascending",
        Order::Descending => "Descending",
    };
    let descending =
        choice(call, "SortOrder", &["Ascending", "Descending"], default)? == "Descending";
    entries.sort_by(|one, other| one.key.cmp(&other.key));
    if descending {
        entries.reverse();
    }
    if let Some(token) = call.text("NextToken") {
        let last = read_token(token)?;
        entries.retain(|entry| if descending { entry.key < last } else { entry.key > last });
    }
    let limit = limit(call)?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(|entry| hex::encode(&entry.key));
    let summaries = entries.into_iter().map(|entry| entry.summary).collect();
    let mut answer = serde_json::Map::from_iter([(field.to_owned(), Value::Array(summaries))]);
    answer.extend(next.map(|token| ("NextToken".to_owned(), Value::String(token))));
    Ok(Value::Object(answer))
}

fn limit(call: &Call<'_>) -> Result<usize, ServiceError> {
    match call.body.get("MaxResults").filter(|limit| !limit.is_null()) {
        None => Ok(DEFAULT_PAGE),
        Some(limit) => limit
            .as_u64()
            .filter(|limit| (1..=MAX_PAGE).contains(limit))
            .and_then(|limit| usize::try_from(limit).ok())
            .ok_or_else(|| {
                let rule = "Member must have value between 1 and 100, inclusive";
                constraint("MaxResults", &limit.to_string(), rule)
            }),
    }
}

fn read_token(token: &str) -> Result<String, ServiceError> {
    let bytes = hex::decode(token).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| validation("The pagination token is not one that this operation gave."))
}
