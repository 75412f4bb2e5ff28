//! Which version an environment uses.

use super::APPROVED;
use crate::{
    aws::{Approval, ModelPackage, ModelPackageSummary},
    ids::EnvName,
};

/// The version that `environment` uses.
#[must_use]
pub fn in_use<'v>(versions: &'v [ModelPackage], environment: &EnvName) -> Option<&'v ModelPackage> {
    versions.iter().filter(|package| is_approved_for(&package.summary, environment)).max_by_key(
        |package| (package.modified.or(package.summary.created), package.summary.version),
    )
}

/// May `environment` use this version? It does if no other was approved for it since.
#[must_use]
pub fn is_approved_for(package: &ModelPackageSummary, environment: &EnvName) -> bool {
    package.approval == Approval::Approved
        && package.completed
        && package
            .life_cycle
            .as_ref()
            .is_some_and(|cycle| cycle.stage == environment.as_str() && cycle.status == APPROVED)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{REJECTED, SUPERSEDED, fixture::*},
        *,
    };
    use proptest::prelude::*;

    fn used(versions: &[ModelPackage], environment: &str) -> Option<i32> {
        in_use(versions, &environment.parse().unwrap()).map(|package| package.summary.version)
    }

    #[test]
    fn approved_for_dev_is_not_in_use_by_prod() {
        let versions = [approved(1, "dev", 3)];
        assert_eq!((used(&versions, "dev"), used(&versions, "prod")), (Some(1), None));
    }

    #[test]
    fn the_version_that_was_changed_last_is_in_use() {
        let versions = [approved(1, "prod", 9), approved(2, "prod", 3), approved(3, "dev", 20)];
        assert_eq!(used(&versions, "prod"), Some(1));
    }

    #[test]
    fn only_approved_completed_versions_that_stand_there_now_are_in_use() {
        let mut versions = vec![approved(1, "prod", 2)];
        for (number, change) in (2..).zip([
            (|package: &mut ModelPackage| package.summary.approval = Approval::Rejected)
                as fn(&mut ModelPackage),
            |package| package.summary.approval = Approval::Pending,
            |package| package.summary.completed = false,
            |package| package.summary.life_cycle = None,
            |package| status(package, SUPERSEDED),
            |package| status(package, REJECTED),
            |package| status(package, "approved"),
        ]) {
            let mut package = approved(number, "prod", 30);
            change(&mut package);
            versions.push(package);
        }
        assert_eq!(used(&versions, "prod"), Some(1));
    }

    #[test]
    fn a_version_that_was_registered_as_approved_counts_from_then() {
        let mut registered = approved(2, "prod", 0);
        registered.modified = None;
        assert_eq!(used(&[approved(1, "prod", 1), registered.clone()], "prod"), Some(2));
        assert_eq!(used(&[approved(1, "prod", 9), registered], "prod"), Some(1));
    }

    proptest! {
        #[test]
        fn the_order_of_the_list_does_not_matter(
            minutes in proptest::collection::vec(0_i32..6, 1..8),
            turn in 0_usize..8,
        ) {
            let mut versions: Vec<_> =
                (1..).zip(&minutes).map(|(n, minute)| approved(n, "prod", *minute)).collect();
            let found = used(&versions, "prod");
            let turn = turn % versions.len();
            versions.rotate_left(turn);
            prop_assert_eq!(used(&versions, "prod"), found);
        }
    }
}
