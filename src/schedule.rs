//! AWS cron() and rate() expressions.
