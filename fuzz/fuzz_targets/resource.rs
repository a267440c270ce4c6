//! Any bytes: a resource that writes and reads back the same, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scim_core::resource::{Group, Resource, User};


fuzz_target!(|bytes: &[u8]| {
    if let Ok(user) = serde_json::from_slice::<User>(bytes) {
        let again = serde_json::to_vec(&user).ok().and_then(|text| serde_json::from_slice::<User>(&text).ok());
        assert_eq!(again.as_ref(), Some(&user));
    }
    if let Ok(group) = serde_json::from_slice::<Group>(bytes) {
        let again = serde_json::to_vec(&group).ok().and_then(|text| serde_json::from_slice::<Group>(&text).ok());
        assert_eq!(again.as_ref(), Some(&group));
    }
    drop(serde_json::from_slice::<Resource>(bytes));
});
