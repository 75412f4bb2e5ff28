//! ListObjectsV2: prefixes, delimiters, pages.

use super::route::Target;
use crate::rehearsal::{
    Call, ServiceError, Shelf, time,
    wire::{answer::Answer, incoming::Incoming, xml},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use serde_json::{Value, json};

/// Most keys of a page (ListObjectsV2 API).
const MOST_KEYS: usize = 1000;

struct Query<'i> {
    prefix: &'i str,
    delimiter: &'i str,
    after: String,
    limit: usize,
    encoded: bool,
}

#[derive(Default)]
struct Page {
    contents: Vec<Value>,
    prefixes: Vec<Value>,
    /// Listing goes on after this key.
    marker: String,
    truncated: bool,
}

impl Page {
    fn len(&self) -> usize {
        self.contents.len() + self.prefixes.len()
    }
}

pub(super) async fn list_objects(
    call: &mut Call<'_>,
    incoming: &Incoming,
    target: &Target,
) -> Result<Answer, ServiceError> {
    let query = query(incoming)?;
    let page = collect(&mut call.shelf, &target.bucket, &query).await?;
    let token = page.truncated.then(|| URL_SAFE_NO_PAD.encode(&page.marker));
    let content = json!({
        "Name": target.bucket,
        "Prefix": query.shown(query.prefix),
        "Delimiter": (!query.delimiter.is_empty()).then(|| query.shown(query.delimiter)),
        "MaxKeys": query.limit,
        "EncodingType": query.encoded.then_some("url"),
        "KeyCount": page.len(),
        "IsTruncated": page.truncated,
        "ContinuationToken": incoming.parameter("continuation-token"),
        "NextContinuationToken": token,
        "Contents": page.contents,
        "CommonPrefixes": page.prefixes,
    });
    Ok(xml::document(StatusCode::OK, "ListBucketResult", &content))
}

fn query(incoming: &Incoming) -> Result<Query<'_>, ServiceError> {
    let bad = |what: &str| ServiceError::refused("InvalidArgument", format!("{what} is not valid"));
    let limit = match incoming.parameter("max-keys") {
        None => MOST_KEYS,
        Some(text) => text.parse::<usize>().map_err(|_| bad("max-keys"))?.min(MOST_KEYS),
    };
    let after = match incoming.parameter("continuation-token") {
        None => incoming.parameter("start-after").unwrap_or_default().to_owned(),
        Some(token) => URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|marker| String::from_utf8(marker).ok())
            .ok_or_else(|| bad("the continuation token"))?,
    };
    Ok(Query {
        prefix: incoming.parameter("prefix").unwrap_or_default(),
        delimiter: incoming.parameter("delimiter").unwrap_or_default(),
        after,
        limit,
        encoded: incoming.parameter("encoding-type") == Some("url"),
    })
}

async fn collect(
    shelf: &mut Shelf<'_>,
    bucket: &str,
    query: &Query<'_>,
) -> Result<Page, ServiceError> {
    let mut page = Page { marker: query.after.clone(), ..Page::default() };
    'pages: loop {
        let objects =
            shelf.objects(bucket, query.prefix, &page.marker, MOST_KEYS as u32 + 1).await?;
        if objects.is_empty() {
            return Ok(page);
        }
        for (key, object) in objects {
            if page.len() == query.limit {
                page.truncated = query.limit > 0;
                return Ok(page);
            }
            if let Some(common) = query.common_prefix(&key) {
                page.prefixes.push(json!({ "Prefix": query.shown(&common) }));
                // The next key that does not share the prefix.
                page.marker = common + "\u{10FFFF}";
                continue 'pages;
            }
            page.contents.push(json!({
                "Key": query.shown(&key),
                "LastModified": time::iso(object.modified),
                "ETag": object.etag,
                "Size": object.size,
                "StorageClass": "STANDARD",
            }));
            page.marker = key;
        }
    }
}

impl Query<'_> {
    /// The key up to the first delimiter behind the prefix.
    fn common_prefix(&self, key: &str) -> Option<String> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = key.strip_prefix(self.prefix)?;
        let (head, _) = rest.split_once(self.delimiter)?;
        Some(format!("{}{head}{}", self.prefix, self.delimiter))
    }

    /// A key as the caller wants to read it: XML cannot carry every character.
    fn shown(&self, key: &str) -> String {
        if !self.encoded {
            return key.to_owned();
        }
        key.bytes()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'/' => {
                    char::from(byte).to_string()
                }
                other => format!("%{other:02X}"),
            })
            .collect()
    }
}
