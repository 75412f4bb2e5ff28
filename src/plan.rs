//! (Desired, Observed) to an ordered plan with a hash.
