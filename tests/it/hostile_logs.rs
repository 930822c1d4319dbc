//! Logs that nobody should have written: mutations of real ones, through everything that reads a log.
//!
//! `cargo test` runs a short round. `HEAL_FUZZ_CASES=1000000 HEAL_FUZZ_SEEDS=DIR cargo test --release
//! hostile_logs` runs a long one, with the logs of a folder as seeds beside those of `fixtures/logs`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use heal::diagnosis::{Beside, explain};
use heal::evidence::log::{self, Limits};
use heal::evidence::reading::words;
use heal::evidence::structured;

/// Cases of a short round.
const CASES: u64 = 1_500;

/// The longest that one case may take: some thousand times what it needs.
const LONGEST: Duration = Duration::from_secs(10);

/// What one case may add to the memory of the process, in KiB.
const MOST_MEMORY: u64 = 400 * 1024;

/// Stretches that parsers and cleaners care about.
const SPECIAL: &[&[u8]] = &[
    b"\x1b[31m",
    b"\x1b]0;",
    b"\x1b_bk;t=1\x07",
    b"\r",
    b"\n",
    b"\t",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"##[error]",
    b"##[group]Run ",
    b"##[endgroup]",
    b"travis_fold:start:",
    b"section_start:1:a",
    b"[Pipeline] sh",
    b"E   ",
    b"FAILED ",
    b"____ x ____",
    b":99999999999999999999:1",
    "●✖›".as_bytes(),
    b"(((((",
    b"]]]]",
    b"{\"",
    b"<testsuite",
    b"not ok 1 - ",
    b"error[E0308]: ",
    b" at a (b:1:2)",
    b"File \"a\", line 1, in b",
    b"%s%n",
    b"...",
    "日本語".as_bytes(),
    b"2026-03-01T10:00:00.0000000Z ",
    b"\xe2\x80\xae",
    b"=====",
    b"-----",
    b"::error file=a,line=1::b",
    b"npm error code ",
];

/// xorshift64*: the same cases in every run (Vigna, "An experimental exploration of Marsaglia's xorshift
/// generators, scrambled", 2016).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound.max(1)
    }
}

#[test]
fn no_log_breaks_the_readers() {
    let cases = std::env::var("HEAL_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let seeds = seeds();
    assert!(!seeds.is_empty());
    let before = peak_memory();
    for case in 0..cases {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (case + 1).wrapping_mul(0xd134_2543_de82_ef95));
        let log = mutated(&seeds, &mut dice);
        let start = Instant::now();
        if case % 16 == 0 {
            read_zip(&log, &mut dice);
        } else {
            read_log(&log);
        }
        assert!(start.elapsed() < LONGEST, "case {case} took {:?}", start.elapsed());
    }
    let grown = peak_memory().saturating_sub(before);
    assert!(grown < MOST_MEMORY, "{grown} KiB were needed");
}

fn read_log(bytes: &[u8]) {
    // Whatever begins like a report is tried as one.
    structured::read(bytes);
    let log = log::read(bytes, words(), &Limits::default()).expect("a short log is read");
    let found = explain(&log, Beside::default());
    assert!((0.0..=1.0).contains(&found.confidence));
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
    for (first, last) in
        found.key_lines.into_iter().chain(found.failures.iter().filter_map(|failure| failure.log_lines))
    {
        assert!(1 <= first && first <= last && last <= lines.max(log.line_count), "lines {first} to {last} of {lines}");
    }
}

/// The same log in a zip whose bytes were damaged.
fn read_zip(bytes: &[u8], dice: &mut Dice) {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("0_build.txt", options).and_then(|()| Ok(zip.write_all(bytes)?)).expect("a zip in memory");
    let mut packed = zip.finish().expect("a zip in memory").into_inner();
    for _ in 0..dice.below(4) {
        let at = dice.below(packed.len());
        packed[at] ^= 1 << dice.below(8);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &packed).unwrap();
    // A damaged zip is an error, never a panic.
    if let Ok(log) = log::open(file.path(), words(), &Limits::default()) {
        explain(&log, Beside::default());
    }
}

/// Some lines of a seed, damaged.
fn mutated(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut log = window(&seeds[dice.below(seeds.len())], dice);
    for _ in 0..dice.below(12) {
        let at = dice.below(log.len() + 1);
        match dice.below(7) {
            0 if at < log.len() => log[at] ^= 1 << dice.below(8),
            1 => {
                let special = SPECIAL[dice.below(SPECIAL.len())];
                log.splice(at..at, special.iter().copied());
            }
            2 => log.truncate(at),
            3 => {
                let end = (at + dice.below(200)).min(log.len());
                log.drain(at..end);
            }
            4 => {
                let end = (at + dice.below(400)).min(log.len());
                let copy = log[at..end].to_vec();
                log.splice(at..at, copy);
            }
            5 => {
                let other = window(&seeds[dice.below(seeds.len())], dice);
                log.splice(at..at, other);
            }
            _ => {
                let long = vec![b"x \n:(\xc3"[dice.below(6)]; dice.below(30_000)];
                log.splice(at..at, long);
            }
        }
    }
    log
}

fn window(seed: &[u8], dice: &mut Dice) -> Vec<u8> {
    let from = dice.below(seed.len());
    let end = (from + 200 + dice.below(8_000)).min(seed.len());
    seed[from..end].to_vec()
}

fn seeds() -> Vec<Vec<u8>> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/logs");
    let folders = std::iter::once(own).chain(std::env::var_os("HEAL_FUZZ_SEEDS").map(PathBuf::from));
    let files = folders.flat_map(|folder| walkdir::WalkDir::new(folder).sort_by_file_name()).filter_map(Result::ok);
    let logs = files.filter(|file| file.path().extension().is_some_and(|end| end == "log" || end == "txt"));
    logs.filter_map(|file| std::fs::read(file.path()).ok()).filter(|log| !log.is_empty()).collect()
}

/// The most memory that the process ever had, in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
