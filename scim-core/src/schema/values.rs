//! What RFC 7643 §2 says about single JSON values, where JSON alone does not tell.

use serde_json::{Number, Value};

use crate::resource::get_folded;

/// An integer has neither fraction nor exponent: `1.0` and `1e3` are none (§2.3.4). 64 bits are taken.
pub(crate) fn is_integer(number: &Number) -> bool {
    number.is_i64() || number.is_u64()
}

/// RFC 4648 §4 or §5; the padding may be left out (§2.3.6), and line breaks are common in certificates.
pub(crate) fn is_base64(text: &str) -> bool {
    let bare = text.trim_end_matches(['=', '\r', '\n']);
    let padding = text.bytes().filter(|&b| b == b'=').count();
    let digits = bare.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).count();
    let padded = padding == 0 || (padding <= 2 && (digits + padding).is_multiple_of(4));
    let is_digit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'\r' | b'\n');
    padded && digits % 4 != 1 && bare.bytes().all(is_digit)
}

/// The boolean that a text says (§2.3.2), in any case: what senders put in quotes.
pub(crate) fn boolean_in(text: &str) -> Option<bool> {
    [true, false].into_iter().find(|value| text.eq_ignore_ascii_case(if *value { "true" } else { "false" }))
}

/// Whether an element has `primary: true` (§2.4).
pub(crate) fn is_primary(element: &Value) -> bool {
    element.as_object().and_then(|map| get_folded(map, "primary")) == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_in_either_alphabet() {
        for good in ["", "AQID", "AQ==", "AQ", "AQI=", "AQI", "a-_/", "AQID\r\nBAUG\r\n", "AQ==\n"] {
            assert!(is_base64(good), "{good:?}");
        }
        for bad in ["A", "AQ=", "AQI==", "AQID=", "A=QI", "====", "AQ ID", "AQID!", "é"] {
            assert!(!is_base64(bad), "{bad:?}");
        }
    }
}
