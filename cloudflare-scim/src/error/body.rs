use std::borrow::Cow;
use std::fmt;

use scim_core::message::{ScimError, ScimType};
use scim_core::transport::Answer;

use crate::envelope::{ApiMessage, Envelope};

/// The longest text of the server that an error repeats, in characters.
const TEXT: usize = 300;

/// What an answer's body said.
#[derive(Debug)]
pub(super) enum Body {
    /// Nothing, or there was no answer: a sentence of our own.
    Own(Cow<'static, str>),
    /// A v4 envelope.
    Api(Vec<ApiMessage>),
    /// A SCIM error (RFC 7644 §3.12).
    Scim(ScimError),
    /// Neither: the beginning of the text, which may be an HTML page's.
    Text(String),
}

impl Body {
    /// Reads whichever shape the body has: the gateway in front of SCIM answers with an envelope too.
    pub(super) fn read(answer: &Answer, redact: &dyn Fn(&str) -> String) -> Self {
        if answer.is_json()
            && let Ok(value) = serde_json::from_slice::<serde_json::Value>(&answer.body)
        {
            if let Some(error) = ScimError::recognise(&value) {
                return Self::Scim(clean_scim(error, redact));
            }
            if value.get("errors").is_some()
                && let Ok(envelope) = serde_json::from_value::<Envelope<serde_json::Value>>(value)
            {
                return Self::Api(envelope.errors.into_iter().map(|message| clean(message, redact, 0)).collect());
            }
        }
        let text = redact(&answer.excerpt());
        if text.is_empty() { Self::Own(Cow::Borrowed("the answer has no body")) } else { Self::Text(text) }
    }
}

fn clean_scim(mut error: ScimError, redact: &dyn Fn(&str) -> String) -> ScimError {
    error.detail = error.detail.map(|text| line(&redact(&text)));
    error.scim_type = error.scim_type.map(|word| ScimType::from(line(&redact(word.as_str())).as_str()));
    // What is not known cannot be cleaned.
    error.extra.clear();
    error
}

fn clean(mut message: ApiMessage, redact: &dyn Fn(&str) -> String, depth: u8) -> ApiMessage {
    message.message = message.message.map(|text| line(&redact(&text)));
    message.documentation_url = message.documentation_url.map(|text| line(&redact(&text)));
    // What is not known cannot be cleaned.
    message.extra.clear();
    message.error_chain = match depth {
        0..8 => message.error_chain.into_iter().map(|inner| clean(inner, redact, depth + 1)).collect(),
        _ => Vec::new(),
    };
    message
}

/// One bounded line of a server's text.
fn line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match text.char_indices().nth(TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Own(text) => f.write_str(text)?,
            Body::Api(messages) => {
                if messages.is_empty() {
                    f.write_str("an envelope without an error")?;
                }
                for (index, message) in messages.iter().take(3).enumerate() {
                    if index > 0 {
                        f.write_str("; ")?;
                    }
                    one(f, message)?;
                    for inner in message.error_chain.iter().take(3) {
                        f.write_str(" < ")?;
                        one(f, inner)?;
                    }
                }
            }
            Body::Scim(error) => {
                f.write_str(error.scim_type.as_ref().map_or("SCIM error", ScimType::as_str))?;
                if let Some(detail) = &error.detail {
                    write!(f, ": {detail}")?;
                }
            }
            Body::Text(text) => write!(f, "not an answer of this API: {text}")?,
        }
        Ok(())
    }
}

fn one(f: &mut fmt::Formatter<'_>, message: &ApiMessage) -> fmt::Result {
    let text = message.message.as_deref().unwrap_or("no message");
    match message.code {
        Some(code) => write!(f, "code {code}: {text}"),
        None => f.write_str(text),
    }
}
