//! authentik-client
