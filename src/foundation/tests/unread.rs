//! What cannot be read, and what an address does not offer.

use super::*;

fn bucket() -> Item {
    let foundation = Foundation::of(&scope());
    foundation.items.into_iter().find(|item| item.kind() == "bucket").unwrap()
}

fn found(item: &Item, origin: Origin) -> Found {
    let settings = item.settings().into_iter().map(|one| (one.aspect(), one.wanted()));
    Found { tags: item.tags(origin), settings: settings.collect(), ..Found::default() }
}

fn unread(item: &Item, origin: Option<Origin>, aspect: &str) -> Standing {
    let mut found = found(item, origin.unwrap_or(Origin::Made));
    if origin.is_none() {
        found.tags.clear();
    }
    found.settings.remove(aspect);
    found.unread.insert(aspect.to_owned(), "no answer".to_owned());
    compare(item, Some(&found), &BTreeSet::new())
}

#[test]
fn what_cannot_be_read_is_set_again_where_nothing_of_others_can_be_lost() {
    let item = bucket();
    for (origin, aspect, set) in [
        (Some(Origin::Made), "versions", true),
        (Some(Origin::Made), "policy", true),
        (Some(Origin::Adopted), "versions", true),
        (Some(Origin::Adopted), "policy", false),
        (None, "versions", false),
    ] {
        let standing = unread(&item, origin, aspect);
        let Standing::Unread { again, .. } = &standing else { panic!("{standing:?}") };
        assert_eq!(again.len(), usize::from(set), "{origin:?}, {aspect}");
        assert!(again.iter().all(|one| one.unread.is_some() && one.setting.aspect() == aspect));
        assert!(standing.is_open());
        assert_eq!((standing.is_to_do(), standing.is_set_unseen()), (set, set));
    }
}

#[test]
fn what_differs_besides_is_set_with_it_and_what_is_not_offered_is_not() {
    let item = bucket();
    let mut found = found(&item, Origin::Made);
    found.settings.remove("versions");
    found.settings.remove("policy");
    found.unread.insert("policy".to_owned(), "no answer".to_owned());
    let standing = compare(&item, Some(&found), &BTreeSet::new());
    let Standing::Differs { differences, .. } = &standing else { panic!("{standing:?}") };
    let told: Vec<(String, bool)> =
        differences.iter().map(|one| (one.setting.aspect(), one.unread.is_some())).collect();
    assert_eq!(told, [("versions".to_owned(), false), ("policy".to_owned(), true)]);
    let text = render::human(&[(item.clone(), standing.clone())]);
    assert!(text.contains("policy: set again, for it could not be read (no answer)"), "{text}");

    found.unoffered.append(&mut found.unread);
    found.settings.insert("versions".to_owned(), json!("Enabled"));
    assert_eq!(compare(&item, Some(&found), &BTreeSet::new()), Standing::Fine);
}
