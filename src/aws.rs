//! AWS, one small file per service.
