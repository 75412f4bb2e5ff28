//! What a new training is trained on: the base data and what arrived since, side by side under one digest. Pure.
//!
//! The agent reads no row for it: objects are copied inside S3, and the digest is that of their names and entity tags.

use crate::{aws::ObjectRecord, ids::Digest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

/// Files of arrived data that one training takes; a year of daily files fits.
const MOST_ARRIVED: usize = 1_000;
/// Hexadecimal digits that keep files of the same name from different folders apart.
const MARK: usize = 12;
/// The only kind of file that the preprocessing reads.
const SUFFIX: &str = ".csv";

/// What there is to train on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stock {
    /// The data that the deployed train pipeline names by default.
    pub base: Vec<ObjectRecord>,
    /// Labelled data that arrived, whenever it did.
    pub arrived: Vec<ObjectRecord>,
    /// Names of the parameters that the deployed train pipeline takes.
    pub parameters: Vec<String>,
    /// Where the model in use lies.
    pub champion: Option<String>,
    /// `s3://BUCKET/MODEL/data/train-dataset`, without a slash at its end.
    pub shelf: String,
}

/// Data in its place, and the parameters that say so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supply {
    /// What is copied where; nothing if nothing arrived.
    pub copies: Vec<Copy>,
    /// Files that arrived in time.
    pub arrived: usize,
    /// Files that arrived in time and are left out, the oldest ones.
    pub left_out: usize,
    /// What the execution is started with beside its defaults.
    pub parameters: BTreeMap<String, String>,
}

/// One object to be copied within the environment's bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copy {
    /// The key it has.
    pub from: String,
    /// The entity tag it had when it was chosen.
    pub etag: String,
    /// The key it gets.
    pub to: String,
}

/// What a training at `now` is given, of the data that arrived within `window`.
#[must_use]
pub(super) fn supply(stock: &Stock, window: Duration, now: Timestamp) -> Supply {
    let since = now.saturating_sub(window).unwrap_or(Timestamp::MIN);
    let csv = |object: &&ObjectRecord| object.key.ends_with(SUFFIX);
    let mut arrived: Vec<&ObjectRecord> =
        stock.arrived.iter().filter(csv).filter(|object| object.modified >= since).collect();
    arrived.sort_by_key(|object| (object.modified, object.key.as_str()));
    let left_out = arrived.len().saturating_sub(MOST_ARRIVED);
    arrived.drain(..left_out);

    let mut parameters = BTreeMap::new();
    let mut set = |name: &str, value: String| {
        if stock.parameters.iter().any(|known| known == name) {
            parameters.insert(name.to_owned(), value);
        }
    };
    if let Some(champion) = &stock.champion {
        set("ChampionUrl", champion.clone());
    }
    if arrived.is_empty() {
        return Supply { parameters, left_out, ..Supply::default() };
    }
    let base = stock.base.iter().filter(csv).map(|object| (base_name(object), object));
    let new = arrived.iter().map(|object| (arrived_name(object), *object));
    let all: BTreeMap<String, &ObjectRecord> = base.chain(new).collect();
    let digest = digest(&all);
    let folder = format!("{}/{digest}", stock.shelf);
    let key = folder.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    let key = key.map_or(folder.as_str(), |(_, key)| key).to_owned();
    set("InputDataUrl", format!("{folder}/"));
    set("InputDataDigest", digest.to_string());
    set("DataWindow", format!("{}/{}", to_the_second(since), to_the_second(now)));
    let copies = all
        .into_iter()
        .map(|(name, object)| Copy {
            from: object.key.clone(),
            etag: object.etag.clone(),
            to: format!("{key}/{name}"),
        })
        .collect();
    Supply { copies, arrived: arrived.len(), left_out, parameters }
}

/// The digest over the sorted list of names and entity tags.
fn digest(all: &BTreeMap<String, &ObjectRecord>) -> Digest {
    let list = all.iter().fold(String::new(), |mut list, (name, object)| {
        let _ = writeln!(list, "{name}\t{}", object.etag.trim_matches('"'));
        list
    });
    Digest::of(list)
}

fn base_name(object: &ObjectRecord) -> String {
    object.key.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Files of the same name may arrive in different folders.
fn arrived_name(object: &ObjectRecord) -> String {
    let mark: String = Digest::of(&object.key).as_str().chars().take(MARK).collect();
    format!("arrived-{mark}-{}", base_name(object))
}

/// As it may stand in a package's metadata, where a value is short and has few signs.
fn to_the_second(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(day: i8) -> Timestamp {
        format!("2026-03-{day:02}T12:00:00Z").parse().unwrap()
    }

    fn object(key: &str, day: i8) -> ObjectRecord {
        let etag = format!("\"{}\"", Digest::of(key).short());
        ObjectRecord { key: format!("m/data/{key}"), etag, modified: at(day) }
    }

    fn stock(arrived: Vec<ObjectRecord>) -> Stock {
        Stock {
            base: vec![object("train-dataset/0/rows.csv", 1)],
            arrived,
            parameters: ["InputDataUrl", "InputDataDigest", "DataWindow", "ChampionUrl"]
                .map(str::to_owned)
                .into(),
            champion: Some("s3://a/model.tar.gz".to_owned()),
            shelf: "s3://b/m/data/train-dataset".to_owned(),
        }
    }

    const TEN_DAYS: Duration = Duration::from_hours(240);

    #[test]
    fn nothing_new_is_trained_on_what_there_is() {
        let supply = supply(&stock(Vec::new()), TEN_DAYS, at(20));
        assert_eq!((supply.copies.len(), supply.arrived), (0, 0));
        let only = BTreeMap::from([("ChampionUrl".to_owned(), "s3://a/model.tar.gz".to_owned())]);
        assert_eq!(supply.parameters, only);
    }

    #[test]
    fn what_arrived_in_the_window_goes_beside_the_base_data() {
        let arrived = vec![
            object("arrived/old.csv", 9),
            object("arrived/march/rows.csv", 11),
            object("arrived/april/rows.csv", 10),
            object("arrived/note.txt", 12),
        ];
        let supply = supply(&stock(arrived), TEN_DAYS, at(20));
        assert_eq!(supply.arrived, 2);
        let url = &supply.parameters["InputDataUrl"];
        let digest = &supply.parameters["InputDataDigest"];
        assert_eq!(*url, format!("s3://b/m/data/train-dataset/{digest}/"));
        assert_eq!(supply.parameters["DataWindow"], "2026-03-10T12:00:00Z/2026-03-20T12:00:00Z");
        let from: Vec<&str> = supply.copies.iter().map(|copy| copy.from.as_str()).collect();
        assert!(from.contains(&"m/data/train-dataset/0/rows.csv"), "{from:?}");
        assert_eq!(from.len(), 3);
        for copy in &supply.copies {
            let folder = format!("m/data/train-dataset/{digest}/");
            assert!(copy.to.starts_with(&folder) && copy.to.ends_with("rows.csv"), "{copy:?}");
        }
    }

    #[test]
    fn a_pipeline_that_is_older_than_a_parameter_is_not_given_it() {
        let mut stock = stock(vec![object("arrived/rows.csv", 11)]);
        stock.parameters.retain(|name| name.starts_with("Input"));
        let parameters = supply(&stock, TEN_DAYS, at(20)).parameters;
        assert!(parameters.keys().eq(["InputDataDigest", "InputDataUrl"]), "{parameters:?}");
    }

    #[test]
    fn too_many_files_are_cut_at_the_old_end() {
        let arrived = (0..=MOST_ARRIVED).map(|n| object(&format!("arrived/{n}.csv"), 11));
        let mut arrived: Vec<ObjectRecord> = arrived.collect();
        arrived[7].modified = at(10);
        let supply = supply(&stock(arrived), TEN_DAYS, at(20));
        assert_eq!((supply.arrived, supply.left_out), (MOST_ARRIVED, 1));
        assert!(supply.copies.iter().all(|copy| !copy.from.ends_with("/7.csv")));
    }

    proptest! {
        /// Whatever is listed in whatever order, the digest names the content, and no file overwrites another.
        #[test]
        fn the_same_objects_have_the_same_digest(
            names in proptest::collection::btree_set("[a-c]{1,2}(/[a-c]{1,2}){0,2}", 1..8),
            turn in 0_usize..8,
        ) {
            let arrived: Vec<ObjectRecord> =
                names.iter().map(|name| object(&format!("arrived/{name}.csv"), 11)).collect();
            let mut turned = arrived.clone();
            turned.rotate_left(turn % arrived.len());
            let one = supply(&stock(arrived.clone()), TEN_DAYS, at(20));
            prop_assert_eq!(&supply(&stock(turned), TEN_DAYS, at(20)), &one);
            prop_assert_eq!(one.copies.len(), arrived.len() + 1);
            let mut changed = arrived;
            changed[0].etag.push('x');
            let other = supply(&stock(changed), TEN_DAYS, at(20));
            prop_assert_ne!(&other.parameters["InputDataDigest"], &one.parameters["InputDataDigest"]);
        }
    }
}
