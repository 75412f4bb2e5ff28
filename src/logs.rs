//! Every line: masked, kept, shipped.
