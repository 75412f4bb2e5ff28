//! An AWS for the laptop.
