//! Every line: masked, kept, shipped.
//!
//! A line is masked and appended to `.agent/logs/<run>/<stage>.jsonl` before it counts as written; from there it
//! is shipped in batches, and a durable cursor moves only once the batch is known to have arrived. So the run
//! never waits for the cloud, and after `kill -9` at any moment no line is lost or doubled: each `(run, stage,
//! seq)` arrives exactly once or is counted as rejected with the reason.

mod appender;
mod archive;
mod batch;
mod cloudwatch;
mod folder;
mod line;
mod line_text;
mod mark;
mod mask;
mod parts;
mod reader;
mod room;
mod shipment;
mod shipper;
mod sink;
mod stage_log;
mod stream;
mod tail;
#[cfg(test)]
mod tests;

pub use crate::aws::LogEvent;
pub use archive::{Archive, Extent, Follower, Found, Search};
pub use batch::{EVENT_OVERHEAD, LONGEST_EVENT, MOST_BYTES, MOST_EVENTS};
pub use cloudwatch::CloudWatch;
pub use folder::{LogFolder, StagePart};
pub use line::{Level, LogLine};
pub use mark::Grown;
pub use mask::{MaskStream, Masker, SHORTEST_SECRET};
pub use parts::joined;
pub use reader::{LogReader, Piece, RawLine};
pub use room::{Limits, Room};
pub use shipment::{ShipError, Shipment, Unsent};
pub use shipper::Shipper;
pub use sink::{LogSink, PutOutcome, SinkError, SinkFault};
pub use stage_log::{LogStream, Observe, StageLog};
pub use stream::stream_prefix;
pub use tail::{Places, Tail};
