//! The closed loop as a story that checks itself: promote, infer, drift, retrain, approve, roll back, in simulated time.
//!
//! A story has a script of days, rows that come in, and a stage: a rehearsed cloud of its own, reached through the same
//! adapters as AWS. Each beat says what it promises and looks whether that is so; a broken promise ends the story.
//! Everything is decided by the commit, the data and a seed, so that a story told again is the same to the byte.

pub mod audience;
pub mod batches;
pub mod brought;
mod evidence;
mod judgement;
mod night;
mod opening;
mod people;
pub mod performance;
pub mod plot;
pub mod promises;
pub mod record;
pub mod report;
mod response;
pub mod script;
pub mod stage;
pub mod timeline;
