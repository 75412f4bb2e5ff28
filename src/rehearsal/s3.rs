//! S3: objects in buckets that the landscape made.

mod objects;

pub use objects::{NewObject, Object};
