use bytes::Bytes;
use serde_json::Value;

/// What stands for a value that was sent.
const STARS: &str = "***";
/// Shorter texts are no personal data, and to blank them would make nonsense of a sentence.
const SHORTEST: usize = 3;
/// Members whose values are words of the protocol.
const PROTOCOL: [&str; 10] =
    ["schemas", "op", "type", "method", "bulkId", "version", "sortBy", "sortOrder", "attributes", "excludedAttributes"];

/// What a request held: so that an error can repeat the server's words without repeating a name, an
/// address or a filter, which servers like to quote.
#[derive(Clone, Default)]
pub(in crate::client) struct Sent {
    pub(in crate::client) body: Bytes,
    pub(in crate::client) query: Vec<String>,
    /// Whether the request changes anything, if it arrives.
    pub(in crate::client) is_write: bool,
}

impl Sent {
    /// `text` with stars in place of every value that the request held.
    pub(super) fn redact(&self, text: &str) -> String {
        let mut values = Vec::new();
        for parameter in &self.query {
            quoted(parameter, &mut values);
        }
        if let Ok(body) = serde_json::from_slice::<Value>(&self.body) {
            collect(&body, &mut values);
        }
        // The longest first: an address before the name that it begins with.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        let mut out = text.to_owned();
        for value in values {
            out = blank(&out, &value);
        }
        out
    }
}

fn collect(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) if text.len() >= SHORTEST => out.push(text.clone()),
        // JSON that serde_json has parsed is at most 128 deep.
        Value::Array(list) => list.iter().for_each(|value| collect(value, out)),
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::String(text) if name == "path" || name == "filter" => quoted(text, out),
                    _ if PROTOCOL.contains(&name.as_str()) => {}
                    value => collect(value, out),
                }
            }
        }
        _ => {}
    }
}

/// The values of a filter: what stands between quotes.
fn quoted(filter: &str, out: &mut Vec<String>) {
    out.extend(filter.split('"').skip(1).step_by(2).filter(|text| text.len() >= SHORTEST).map(str::to_owned));
}

/// Servers repeat values in another case; ASCII folding keeps the bytes' places.
fn blank(text: &str, value: &str) -> String {
    let (folded, value) = (text.to_ascii_lowercase(), value.to_ascii_lowercase());
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, found) in folded.match_indices(&value) {
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(STARS);
        from = at + found.len();
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// serde's messages quote what they met (`invalid type: string "alice", expected …`): without it.
pub(super) fn without_values(message: &str) -> String {
    let Some((before, rest)) = message.split_once("string \"") else { return message.to_owned() };
    let after = rest.rsplit_once('"').map_or("", |(_, after)| after);
    format!("{before}string{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_blanked_and_the_rest_stays() {
        let sent = Sent {
            body: r#"{"schemas":["urn:x:User"],"userName":"Alice@Example.com","emails":[{"type":"work","value":"alice@example.com"}],
                "Operations":[{"op":"remove","path":"emails[value eq \"old@example.com\"]"}]}"#
                .into(),
            query: vec!["displayName eq \"Big \\\"Al\\\"\"".to_owned()],
            is_write: true,
        };
        let said = "work: ALICE@example.com is taken, not old@example.com; see urn:x:User";
        assert_eq!(sent.redact(said), "work: *** is taken, not ***; see urn:x:User");
        assert_eq!(sent.redact("é"), "é");
    }

    #[test]
    fn messages_of_the_decoder_lose_their_values() {
        let message = "in `emails`: invalid type: string \"a \"b\" c\", expected a list at line 1 column 3";
        assert_eq!(without_values(message), "in `emails`: invalid type: string, expected a list at line 1 column 3");
        assert_eq!(without_values("EOF while parsing a string at line 1"), "EOF while parsing a string at line 1");
    }
}
