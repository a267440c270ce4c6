//! Any bytes: a list, owned and borrowed alike, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scim_core::message::ListResponse;
use scim_core::resource::User;
use scim_core::resource::view::UserView;

fuzz_target!(|bytes: &[u8]| {
    let owned = serde_json::from_slice::<ListResponse<User>>(bytes);
    let borrowed = serde_json::from_slice::<ListResponse<UserView<'_>>>(bytes);
    if let (Ok(owned), Ok(borrowed)) = (owned, borrowed) {
        assert_eq!(owned.resources.len(), borrowed.resources.len());
        for (a, b) in owned.resources.iter().zip(&borrowed.resources) {
            assert_eq!(a.user_name.as_deref(), b.user_name.as_deref());
        }
    }
});
