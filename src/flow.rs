//! The run as a state machine: events in, effects out.
