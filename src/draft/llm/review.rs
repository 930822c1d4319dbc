//! Reading a reviewer's answer.
//!
//! In: what a model says of a proven patch. Out: a [`Review`], or nothing where no verdict can be read. The
//! objections are foreign text: bounded and redacted here, escaped where they are shown.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::redact;

/// What a reviewing model thinks of a proven patch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// The model.
    pub model: String,
    /// Whether it objects.
    pub objects: bool,
    /// How sure it is, 0 to 1, by its own word.
    pub confidence: f64,
    /// What it objects to, most important first.
    pub objections: Vec<String>,
}

/// The most objections that are kept, and the longest, in characters.
const OBJECTIONS: (usize, usize) = (5, 400);

/// How sure an objecting reviewer must be for another draft to be asked for.
const SURE: f64 = 0.6;

impl Review {
    /// Whether another draft should be tried before this patch is taken.
    pub fn calls_for_another(&self) -> bool {
        self.objects && self.confidence >= SURE && !self.objections.is_empty()
    }
}

/// Reads the answer of `model`: the first JSON object that has a verdict.
pub fn read(model: &str, text: &str) -> Option<Review> {
    let starts = text.match_indices('{').map(|(at, _)| at).take(64);
    let found = starts.filter_map(|at| serde_json::Deserializer::from_str(&text[at..]).into_iter().next());
    let verdict =
        found.filter_map(|value: Result<Value, _>| value.ok()).find(|value| value.get("verdict").is_some())?;
    let objects = match verdict["verdict"].as_str()?.trim().to_lowercase().as_str() {
        "agree" | "approve" | "accept" | "ok" => false,
        "object" | "reject" | "disagree" => true,
        _ => return None,
    };
    let objections = verdict["objections"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let kept = |text: &str| redact::text(text.trim()).chars().take(OBJECTIONS.1).collect::<String>();
    Some(Review {
        model: model.to_owned(),
        objects,
        confidence: verdict["confidence"].as_f64().unwrap_or(0.5).clamp(0.0, 1.0),
        objections: objections.map(kept).filter(|text| !text.is_empty()).take(OBJECTIONS.0).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_found_wherever_it_stands() {
        let text = "Let me see {x}.\n```json\n{\"verdict\": \"object\", \"confidence\": 0.9, \"objections\": [\" only for 3 \"]}\n```";
        let review = read("m", text).unwrap();
        assert!(review.calls_for_another());
        assert_eq!(review.objections, ["only for 3"]);
        assert!(!read("m", "{\"verdict\":\"agree\",\"objections\":[],\"confidence\":7}").unwrap().objects);
    }

    #[test]
    fn what_is_no_verdict_is_none() {
        for text in ["", "looks good", "{\"verdict\": 3}", "{\"verdict\": \"maybe\"}", "<<<<<<< SEARCH\n{\n=======\n"] {
            assert_eq!(read("m", text), None, "{text}");
        }
    }
}
