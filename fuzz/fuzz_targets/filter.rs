//! Any text: a filter that prints and reads back, or an error with a place inside; leniency changes nothing that the
//! strict reading takes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scim_core::filter::{Filter, ParseOptions};
use scim_core::schema::ResourceSchemas;

fuzz_target!(|text: &str| {
    let strict = Filter::parse(text);
    let lenient = Filter::parse_with(text, &ParseOptions::lenient());
    match strict {
        Ok(filter) => {
            assert_eq!(Filter::parse(&filter.to_string()).as_ref(), Ok(&filter));
            assert_eq!(lenient.map(|parsed| parsed.value).as_ref(), Ok(&filter));
            if let Ok(matcher) = filter.compile(&ResourceSchemas::user()) {
                matcher.matches(&serde_json::json!({"userName": "a", "emails": [{"value": "b", "type": "work"}]}));
            }
        }
        Err(error) => assert!(error.span().start <= text.len() && !error.render().is_empty()),
    }
});
