//! The tables, and how older ones become them.

use super::{
    StoreError,
    database::{Database, Durability},
};

/// Every migration in order; the first makes version 1. A released one is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
    include_str!("migrations/5.sql"),
    include_str!("migrations/6.sql"),
    include_str!("migrations/7.sql"),
    include_str!("migrations/8.sql"),
    include_str!("migrations/9.sql"),
    include_str!("migrations/10.sql"),
    include_str!("migrations/11.sql"),
    include_str!("migrations/12.sql"),
    include_str!("migrations/13.sql"),
    include_str!("migrations/14.sql"),
];

/// Brings the store to the newest version, in one transaction. Of several agents that start at the same moment one
/// does it and the others wait.
pub(super) async fn migrate(database: Database, pool: &sqlx::AnyPool) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    // Almost always there is nothing to do, and then no process should wait for another's write.
    let found: Option<i64> =
        sqlx::query_scalar("SELECT version FROM schema_version").fetch_one(pool).await.ok();
    if found == Some(known) {
        return Ok(());
    }
    let mut write = pool.begin_with(database.begin(Durability::Process)).await?;
    database.alone(&mut write).await?;
    sqlx::query("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
        .execute(&mut *write)
        .await?;
    let found: Option<i64> = sqlx::query_scalar("SELECT version FROM schema_version")
        .fetch_optional(&mut *write)
        .await?;
    if found.is_none() {
        sqlx::query("INSERT INTO schema_version (version) VALUES (0)").execute(&mut *write).await?;
    }
    let found = found.unwrap_or(0);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        sqlx::raw_sql(*migration).execute(&mut *write).await?;
    }
    sqlx::query("UPDATE schema_version SET version = $1").bind(known).execute(&mut *write).await?;
    Ok(write.commit().await?)
}
