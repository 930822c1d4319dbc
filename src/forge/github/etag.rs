//! Answers that GitHub may confirm instead of repeating: a conditional request that is answered with
//! "304 Not Modified" costs nothing of the rate limit.
//!
//! Bounded by count and by the size of a body; the least recently used answer goes first. An answer is
//! kept for the installation that asked, and is only served after GitHub confirmed it to that installation.

use std::collections::HashMap;

use bytes::Bytes;
use http::HeaderValue;

/// Answers kept; a heal polls about ten addresses.
const ENTRIES: usize = 256;
/// Larger answers are not kept.
const BODY_BYTES: usize = 256 * 1024;

/// An answer that can be confirmed.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub etag: HeaderValue,
    pub body: Bytes,
    pub link: Option<HeaderValue>,
}

/// The kept answers, by installation and target.
#[derive(Debug, Default)]
pub(super) struct EtagCache {
    entries: HashMap<(u64, String), (u64, Kept)>,
    uses: u64,
}

impl EtagCache {
    pub fn get(&mut self, installation: u64, target: &str) -> Option<Kept> {
        self.uses += 1;
        let (used, kept) = self.entries.get_mut(&(installation, target.to_owned()))?;
        *used = self.uses;
        Some(kept.clone())
    }

    pub fn put(&mut self, installation: u64, target: String, kept: Kept) {
        if kept.body.len() > BODY_BYTES {
            self.entries.remove(&(installation, target));
            return;
        }
        self.uses += 1;
        self.entries.insert((installation, target), (self.uses, kept));
        if self.entries.len() > ENTRIES {
            let oldest = self.entries.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.entries.remove(&key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_answer_goes_first() {
        let kept = || Kept { etag: HeaderValue::from_static("\"1\""), body: Bytes::from_static(b"{}"), link: None };
        let mut cache = EtagCache::default();
        for number in 0..ENTRIES {
            cache.put(1, format!("/{number}"), kept());
        }
        assert!(cache.get(1, "/0").is_some());
        cache.put(1, "/new".to_owned(), kept());
        assert!(cache.get(1, "/0").is_some() && cache.get(1, "/1").is_none());
        assert!(cache.get(2, "/0").is_none(), "another installation's answer");
        assert_eq!(cache.entries.len(), ENTRIES);
    }
}
