//! The long-running agent as a process: pushes reach it, it deploys them, it is stopped and killed.

mod ending;
mod examples;
mod flood;
mod hostile;
mod orders;
mod pushes;
mod secrets;
mod server;
mod setbacks;
mod settings;
mod slow;
mod traces;
mod webhooks;
mod windows;

pub use server::{GITHUB, SECRET, Setup, headers, push, read, sign};
