//! cloudflare-scim
