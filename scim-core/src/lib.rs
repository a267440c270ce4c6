//! scim-core
