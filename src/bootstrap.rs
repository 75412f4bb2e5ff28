//! Lays the foundation in an account: looks at what is there, plans, and applies what was asked for.
