//! Hears of pushes: deliveries are judged one after another and become runs; polling finds what no delivery told.

mod inbox;
mod repository;

pub use inbox::{Inbox, NotKept};
pub use repository::Repository;
