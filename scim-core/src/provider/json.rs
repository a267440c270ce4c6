//! Reads a body as JSON and refuses two spellings of one name in one object: `serde_json` would let
//! the last one win, and which of `active: true` and `Active: false` a client means nobody can know
//! (RFC 7643 §2.1).

use serde_json::Value;

use crate::message::ScimError;
use crate::provider::refusal::invalid_syntax;
use crate::resource::wire::Checked;

/// The value of `body`.
pub(super) fn read(body: &[u8]) -> Result<Value, ScimError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(invalid_syntax("the request needs a JSON body and has none"));
    }
    let value = serde_json::from_slice(body).map(|Checked(value)| value);
    value.map_err(|error| invalid_syntax(format_args!("the body is not the JSON that it should be: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_name_are_refused_at_any_depth() {
        assert!(read(br#"{"a":{"b":1},"c":[1.5,-2,"x",null,true]}"#).is_ok());
        for twice in
            [r#"{"active":true,"Active":false}"#, r#"{"active":true,"active":true}"#, r#"{"a":[{"b":{"c":1,"C":2}}]}"#]
        {
            let error = read(twice.as_bytes()).unwrap_err();
            assert!(error.detail.as_deref().unwrap_or_default().contains("named twice"), "{error:?}");
        }
        for broken in ["", " \n", "{", "{} {}", "\u{feff}", r#"{"a":"\ud800"}"#] {
            assert!(read(broken.as_bytes()).is_err(), "{broken:?}");
        }
        assert!(read(b"{\"a\":\"\xff\"}").is_err());
        assert!(read("[".repeat(100_000).as_bytes()).is_err());
    }
}
