//! The store on real databases, its clock turned by hand: every promise holds on SQLite and on Postgres.

mod deliveries;
mod figures;
mod fleet;
mod leases;
mod log_parts;
mod memory;
mod model;
mod outbox;
mod runs;
mod setbacks;
mod watching;

use crate::postgres;
use memory::{Memory, claim, finished, lane, new_run, prod, started};
use relevo::store::*;
use serde_json::json;
use std::time::Duration;

/// Makes a test for each database of each function that takes a [`Memory`].
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::store::Memory::sqlite().await).await;
            })*
        }

        mod on_postgres {
            $(#[tokio::test]
            async fn $name() {
                if let Some(memory) = $crate::store::Memory::postgres().await {
                    super::$name(memory).await;
                }
            })*
        }
    };
}
use on_both;
