//! GitHub: signatures of what it sends, its REST interface, the agent's identity there.
//!
//! Nothing is retried by the client itself, which would repeat POSTs: whoever calls knows what may be done twice.

pub mod signature;
