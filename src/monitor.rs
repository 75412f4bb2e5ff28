//! Data-quality statistics and constraints, as Model Monitor writes them.
