//! Hears of pushes: deliveries are judged one after another and become runs; polling finds what no delivery told.

mod repository;

pub use repository::Repository;
