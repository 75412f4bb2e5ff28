//! What accounts must hold before anything is deployed to them: keys, buckets, roles, the model package group, the log
//! group. Derived from the environment files alone, with least privilege, and written out as JSON or Terraform.
