//! A fast search for names in the repository: bytes first, in parallel, the nearest files first; trees later.
//!
//! Bounded in files, bytes and time. The first two bounds cut at the same place every time; the third is there for
//! slow disks, and says so where it strikes.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aho_corasick::{AhoCorasick, MatchKind};

use super::files::Files;
use super::imports::distance;
use crate::code::languages;
use crate::diagnosis::is_test_file;
use crate::draft::ReadFile;

/// How many files are read. A million lines are some 5,000 files.
const FILES: usize = 20_000;

/// How many bytes are read. A million lines are some 40 MB.
const BYTES: usize = 64 * 1024 * 1024;

/// How long reading may take.
const TIME: Duration = Duration::from_millis(600);

/// How many threads read and search.
const THREADS: usize = 8;

/// Words that stand before the name of a definition.
const DEFINING: &[&str] =
    &["def ", "class ", "function ", "function* ", "const ", "let ", "var ", "interface ", "type ", "enum "];

/// The texts of the source files of one language family, the nearest to the suspects first.
pub(super) struct Corpus {
    texts: Vec<(PathBuf, String)>,
    /// Why not all files were read, as a clause.
    pub stopped: Option<String>,
}

/// Where names occur: for each name the files, the nearest first.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Files with a definition of the name.
    pub defined: Vec<Vec<usize>>,
    /// Files with the name.
    pub named: Vec<Vec<usize>>,
}

impl Corpus {
    /// Reads the files of the language of `near`'s first file.
    pub fn load(files: &Files<'_>, near: &[&Path]) -> Corpus {
        let Some(language) = near.first().and_then(|path| languages::of_path(path)) else {
            return Corpus { texts: Vec::new(), stopped: None };
        };
        let is_family =
            |path: &Path| languages::of_path(path).is_some_and(|other| other.is_python() == language.is_python());
        let mut paths: Vec<&PathBuf> =
            files.case.tracked.iter().filter(|path| is_family(path) && files.is_tracked(path)).collect();
        paths.sort_by_cached_key(|path| {
            let nearest = near.iter().take(3).map(|near| distance(near, path)).min().unwrap_or(0);
            (nearest, is_test_file(path), *path)
        });
        let all = paths.len();
        paths.truncate(FILES);
        paths.retain(|path| files.is_open(path));
        let (texts, stopped) = read_all(files.case.read, &paths);
        let stopped = (stopped || all > FILES)
            .then(|| format!("callers were searched for in the nearest {} of {all} files", texts.len()));
        Corpus { texts, stopped }
    }

    /// The path of a file.
    pub fn path(&self, file: usize) -> &Path {
        &self.texts[file].0
    }

    /// How long a file is.
    pub fn bytes(&self, file: usize) -> usize {
        self.texts[file].1.len()
    }

    /// Whether a file holds a text.
    pub fn has(&self, file: usize, text: &str) -> bool {
        memchr::memmem::find(self.texts[file].1.as_bytes(), text.as_bytes()).is_some()
    }

    /// Where names occur as whole words.
    pub fn find(&self, names: &[String]) -> Found {
        let mut found = Found { defined: vec![Vec::new(); names.len()], named: vec![Vec::new(); names.len()] };
        let searcher = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(names);
        let Ok(searcher) = searcher else { return found };
        if names.is_empty() {
            return found;
        }
        let slots: Vec<OnceLock<Vec<(usize, bool)>>> = self.texts.iter().map(|_| OnceLock::new()).collect();
        in_parallel(self.texts.len(), &|index| {
            let _ = slots[index].set(occurrences(&searcher, names.len(), &self.texts[index].1));
            true
        });
        for (file, slot) in slots.iter().enumerate() {
            for (name, defines) in slot.get().into_iter().flatten() {
                found.named[*name].push(file);
                if *defines {
                    found.defined[*name].push(file);
                }
            }
        }
        found
    }
}

/// The names that occur in a text, and whether it defines them.
fn occurrences(searcher: &AhoCorasick, names: usize, text: &str) -> Vec<(usize, bool)> {
    let mut seen: Vec<Option<bool>> = vec![None; names];
    let bytes = text.as_bytes();
    let is_word = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || *byte >= 0x80)
    };
    for place in searcher.find_iter(bytes) {
        let name = place.pattern().as_usize();
        if seen[name] == Some(true)
            || is_word(bytes.get(place.end()))
            || (place.start() > 0 && is_word(bytes.get(place.start() - 1)))
        {
            continue;
        }
        let before = &bytes[..place.start()];
        seen[name] = Some(DEFINING.iter().any(|word| before.ends_with(word.as_bytes())));
    }
    seen.into_iter().enumerate().filter_map(|(name, seen)| Some((name, seen?))).collect()
}

/// The files' texts in their order, up to the bounds; and whether a bound was met.
fn read_all(read: &ReadFile, paths: &[&PathBuf]) -> (Vec<(PathBuf, String)>, bool) {
    let slots: Vec<OnceLock<Option<String>>> = paths.iter().map(|_| OnceLock::new()).collect();
    let bytes = AtomicUsize::new(0);
    let late = AtomicBool::new(false);
    let started = Instant::now();
    in_parallel(paths.len(), &|index| {
        let text = read(paths[index]);
        let sum = bytes.fetch_add(text.as_ref().map_or(0, String::len), Ordering::Relaxed);
        let _ = slots[index].set(text);
        if started.elapsed() > TIME {
            late.store(true, Ordering::Relaxed);
        }
        sum <= BYTES && !late.load(Ordering::Relaxed)
    });
    let mut texts = Vec::with_capacity(paths.len());
    let mut left = BYTES;
    for (path, slot) in paths.iter().zip(slots) {
        let Some(text) = slot.into_inner() else { return (texts, true) };
        let Some(text) = text else { continue };
        match left.checked_sub(text.len()) {
            Some(rest) => left = rest,
            None => return (texts, true),
        }
        texts.push(((*path).clone(), text));
    }
    (texts, false)
}

/// Calls `work` for 0 to `count`, in that order of starting, on several threads, until one says that it is enough.
fn in_parallel(count: usize, work: &(dyn Fn(usize) -> bool + Sync)) {
    let next = AtomicUsize::new(0);
    let enough = AtomicBool::new(false);
    let worker = || {
        while !enough.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            if !work(index) {
                enough.store(true, Ordering::Relaxed);
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(THREADS).min(count.div_ceil(64)).max(1);
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(worker);
        }
        worker();
    });
}
