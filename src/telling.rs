//! Tells others about runs through an outbox: what should be said follows from events, what was said is kept, and the
//! difference is sent.
