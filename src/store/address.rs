//! Where a store is: a SQLite file, or a database of a Postgres server.
//!
//! Whatever is shown of an address shows no secret: [`Debug`] and [`Display`] leave out the password and everything that
//! may be one, and an address that cannot be read is not repeated.

use std::{
    fmt,
    path::{Path, PathBuf},
};
use url::Url;

/// Settings in an address that may be shown: they say which database, not how to get in.
const TELLING: [&str; 5] = ["host", "hostaddr", "port", "dbname", "sslmode"];

/// Where a store is.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreAddress(Place);

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// One machine: every process that uses it sees the others in `/proc`.
    File(PathBuf),
    /// A fleet.
    Postgres(Box<Url>),
}

/// An address that is none. What it says is left out: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It does not begin as one.
    #[error("a store is given as postgres://USER@HOST/DATABASE")]
    Scheme,
    /// It begins well.
    #[error("the address of the store cannot be read: {0}")]
    Url(#[from] url::ParseError),
    /// It names no database.
    #[error("the address of the store names no database, as in postgres://USER@HOST/DATABASE")]
    NoDatabase,
}

impl StoreAddress {
    /// A SQLite file.
    #[must_use]
    pub fn file(file: &Path) -> Self {
        Self(Place::File(file.to_owned()))
    }

    /// A Postgres database: `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full`. A socket's folder is given
    /// as `?host=/run/postgresql`; what is left out comes from `PGHOST`, `PGUSER`, `PGPASSWORD` and the like.
    ///
    /// # Errors
    /// If it is none.
    pub fn postgres(text: &str) -> Result<Self, BadAddress> {
        let known = ["postgres://", "postgresql://"];
        if !known.iter().any(|scheme| text.starts_with(scheme)) {
            return Err(BadAddress::Scheme);
        }
        let url: Url = text.parse()?;
        let is_named = !url.path().trim_start_matches('/').is_empty()
            || url.query_pairs().any(|(key, _)| key == "dbname");
        if is_named {
            Ok(Self(Place::Postgres(Box::new(url))))
        } else {
            Err(BadAddress::NoDatabase)
        }
    }

    /// What must not be shown of it: the password as it stands there and as it is meant, and settings that may be secret.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let Place::Postgres(url) = &self.0 else { return Vec::new() };
        let mut secrets: Vec<String> = url.password().map(str::to_owned).into_iter().collect();
        // The pairs of a query are decoded as a password is.
        let meant = |text: &str| {
            let pair = format!("p={}", text.replace('+', "%2B"));
            url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
        };
        secrets.extend(url.password().and_then(meant));
        secrets.extend(
            url.query_pairs().filter(|(key, _)| key == "password").map(|(_, value)| value.into()),
        );
        secrets.dedup();
        secrets
    }

    pub(super) fn place(&self) -> &Place {
        &self.0
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::File(file) => file.display().fmt(f),
            Place::Postgres(url) => {
                let mut shown = url.as_ref().clone();
                // Neither can fail on an address with an authority, which this is.
                let _no_password = shown.set_password(None);
                let pairs = url.query_pairs().filter(|(key, _)| TELLING.contains(&key.as_ref()));
                let pairs: Vec<_> = pairs.collect();
                shown.set_query(None);
                if !pairs.is_empty() {
                    shown.query_pairs_mut().extend_pairs(pairs);
                }
                shown.fmt(f)
            }
        }
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_of_an_address_is_secret() {
        let text = "postgres://ada:s3cr%40et@db.example.org:5433/relevo?sslmode=require&password=other&options=x";
        let address = StoreAddress::postgres(text).unwrap();
        let shown = "postgres://ada@db.example.org:5433/relevo?sslmode=require";
        assert_eq!(address.to_string(), shown);
        assert_eq!(format!("{address:?}"), format!("StoreAddress({shown})"));
        assert_eq!(address.secrets(), ["s3cr%40et", "s3cr@et", "other"]);
        let plus = StoreAddress::postgres("postgres://ada:a+b@h/d").unwrap();
        assert_eq!(plus.secrets(), ["a+b"]);
    }

    #[test]
    fn what_is_no_address_is_not_repeated() {
        for (text, error) in [
            ("mysql://ada:hunter2@h/d", BadAddress::Scheme),
            ("ada:hunter2@h/d", BadAddress::Scheme),
            ("postgres://ada:hunter2@h", BadAddress::NoDatabase),
            ("postgres://ada:hunter2@h:x/d", BadAddress::Url(url::ParseError::InvalidPort)),
        ] {
            assert_eq!(StoreAddress::postgres(text), Err(error));
            assert!(!error.to_string().contains("hunter2"));
        }
        assert!(StoreAddress::postgres("postgresql:///relevo?host=/run/postgresql").is_ok());
    }
}
