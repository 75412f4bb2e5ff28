//! (Desired, Observed) to an ordered plan with a hash.
#[cfg(test)]
pub(crate) mod fixture;
