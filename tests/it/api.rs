//! The agent's API on a real port: who may ask, what is answered, what the document says of it.

mod access;
mod answers;
mod document;
mod elsewhere;
mod figures;
mod follow;
mod hostile;
mod served;
