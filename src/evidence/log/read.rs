//! Bytes → [`Log`], in one pass and bounded memory.

use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;

use encoding_rs_io::DecodeReaderBytesBuilder;

use super::clean::{Cleaner, LINE_BYTES};
use super::keep::{Kept, Store, Words};
use super::steps::Steps;
use super::{Service, Step, archive};
use crate::evidence::Line;

/// What reading a log may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most of one log that is read, in bytes (of a zip: after unpacking).
    pub bytes: u64,
    /// The most text that is kept, in bytes.
    pub kept_bytes: usize,
    /// The most lines that are kept.
    pub kept_lines: usize,
}

impl Default for Limits {
    /// 4 GiB are read, 12 MiB in 150,000 lines are kept: together with the parsers' own needs below
    /// 64 MiB of memory.
    fn default() -> Self {
        Limits { bytes: 4 << 30, kept_bytes: 12 << 20, kept_lines: 150_000 }
    }
}

/// Why a log can't be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file or stream can't be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The archive is broken, or not one of logs.
    #[error("can't read the zip of logs: {0}")]
    Archive(String),
    /// There is more than may be read.
    #[error("the log is larger than {limit} bytes; pass the failing job's part of it")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The words to look for don't fit.
    #[error("the parsers' words don't fit into one automaton: {0}")]
    Words(String),
}

/// A log that was read.
#[derive(Debug)]
pub struct Log {
    store: Store,
    steps: Vec<Step>,
    /// The service that wrote it.
    pub service: Service,
    /// The image of the machine that ran the first job, where the log names it.
    pub image: Option<String>,
    /// How many lines it has.
    pub line_count: usize,
    /// How many bytes were read.
    pub bytes: u64,
    /// The files of a zip with the number of their first line; empty for a single log.
    pub parts: Vec<(String, usize)>,
}

impl Log {
    /// Its steps, in the order of their first lines.
    pub fn steps(&self) -> impl Iterator<Item = (usize, &Step)> {
        self.steps.iter().enumerate().filter(|(_, step)| !step.is_part())
    }

    /// A step by its index.
    pub fn step(&self, index: usize) -> &Step {
        &self.steps[index]
    }

    /// The kept lines of a step.
    pub fn lines_of(&self, step: usize) -> Vec<Line<'_>> {
        let of_step = self.store.lines().iter().filter(|line| usize::from(line.step) == step);
        of_step.map(|line| self.line(line)).collect()
    }

    /// All kept lines.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = Line<'_>> {
        self.store.lines().iter().map(|line| self.line(line))
    }

    fn line(&self, kept: &Kept) -> Line<'_> {
        Line { number: kept.number as usize, text: self.store.text(kept), level: kept.level }
    }

    /// The kept lines with numbers from `first` to `last`, inclusive.
    pub fn between(&self, first: usize, last: usize) -> impl Iterator<Item = Line<'_>> {
        let from = self.store.lines().partition_point(|line| (line.number as usize) < first);
        let lines = self.store.lines()[from..].iter().take_while(move |line| line.number as usize <= last);
        lines.map(|line| self.line(line))
    }

    /// Whether lines are missing because the log was too large to be kept whole.
    pub fn is_thinned(&self) -> bool {
        self.store.thinned
    }
}

/// Reads a file: a log, or a zip of logs as GitHub's API gives it.
///
/// # Errors
/// When it can't be read, is a broken zip, or exceeds the limits.
pub fn open(path: &Path, words: &Words, limits: &Limits) -> Result<Log, LogError> {
    read_file(std::fs::File::open(path)?, words, limits)
}

/// Reads an open file from its beginning: a log, or a zip of logs.
///
/// # Errors
/// When it can't be read, is a broken zip, or exceeds the limits.
pub fn read_file(mut file: std::fs::File, words: &Words, limits: &Limits) -> Result<Log, LogError> {
    file.rewind()?;
    let mut magic = [0_u8; 4];
    let found = file.read(&mut magic)?;
    file.rewind()?;
    if magic[..found].starts_with(archive::MAGIC) {
        return archive::read(file, words, limits);
    }
    read(file, words, limits)
}

/// Reads a stream of text.
///
/// # Errors
/// When it can't be read or exceeds the limits.
pub fn read(source: impl Read, words: &Words, limits: &Limits) -> Result<Log, LogError> {
    let mut reading = Reading::new(words, limits);
    reading.part(source)?;
    Ok(reading.finish())
}

/// A log that is being read.
pub(super) struct Reading<'a> {
    words: &'a Words,
    limits: &'a Limits,
    store: Store,
    steps: Steps,
    cleaner: Cleaner,
    number: usize,
    bytes: u64,
    pub(super) parts: Vec<(String, usize)>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(words: &'a Words, limits: &'a Limits) -> Self {
        Reading {
            words,
            limits,
            store: Store::new(limits.kept_bytes, limits.kept_lines),
            steps: Steps::default(),
            cleaner: Cleaner::default(),
            number: 0,
            bytes: 0,
            parts: Vec::new(),
        }
    }

    /// Begins another file of an archive.
    pub(super) fn begin(&mut self, file: &str, job: &str, step: Option<&str>) {
        self.parts.push((file.to_owned(), self.number + 1));
        self.steps.begin(job, step, self.number + 1);
    }

    /// Reads a stream to its end.
    pub(super) fn part(&mut self, source: impl Read) -> Result<(), LogError> {
        let mut source = BufReader::with_capacity(256 * 1024, source);
        let utf16 = utf16_of(source.fill_buf()?);
        // Byte order marks are seen to; UTF-8 passes through unchanged.
        let decoded =
            DecodeReaderBytesBuilder::new().encoding(utf16).utf8_passthru(true).bom_sniffing(true).build(source);
        self.lines(BufReader::with_capacity(256 * 1024, decoded))
    }

    fn lines(&mut self, mut source: impl BufRead) -> Result<(), LogError> {
        // What was read of a line that did not end inside the buffer.
        let mut carried: Vec<u8> = Vec::new();
        loop {
            let buffer = source.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let length = buffer.len();
            self.bytes += length as u64;
            if self.bytes > self.limits.bytes {
                return Err(LogError::TooLarge { limit: self.limits.bytes });
            }
            let mut from = 0;
            for end in memchr::memchr_iter(b'\n', buffer) {
                let line = &buffer[from..end];
                from = end + 1;
                if carried.is_empty() {
                    self.line(line);
                } else {
                    carry(&mut carried, line);
                    let line = std::mem::take(&mut carried);
                    self.line(&line);
                    carried = line;
                    carried.clear();
                }
            }
            carry(&mut carried, &buffer[from..]);
            source.consume(length);
        }
        if !carried.is_empty() {
            self.line(&carried);
        }
        Ok(())
    }

    fn line(&mut self, raw: &[u8]) {
        self.number += 1;
        let raw = &raw[..raw.len().min(LINE_BYTES)];
        let line = self.cleaner.clean(raw);
        let step = self.steps.take(&line, raw, self.number);
        let word = !line.text.is_empty() && self.words.mark(line.text, self.steps.words(step));
        self.store.push(self.number, step, line.level, line.text, word);
    }

    pub(super) fn finish(self) -> Log {
        let (steps, resolved, service, image) = self.steps.finish();
        let mut store = self.store;
        for line in store.lines_mut() {
            line.step = resolved.get(usize::from(line.step)).map_or(0, |step| *step as u16);
        }
        Log { store, steps, service, image, line_count: self.number, bytes: self.bytes, parts: self.parts }
    }
}

/// Adds to a line, up to the most of a line that is looked at.
fn carry(carried: &mut Vec<u8>, bytes: &[u8]) {
    let room = LINE_BYTES.saturating_sub(carried.len());
    carried.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

/// UTF-16 without a byte order mark: every second byte of the beginning is zero.
fn utf16_of(head: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let head = &head[..head.len().min(256)];
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    if head.len() < 16 || head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return None;
    }
    let most = head.len() / 2 * 8 / 10;
    match (zeros(0), zeros(1)) {
        (0, odd) if odd > most => Some(encoding_rs::UTF_16LE),
        (even, 0) if even > most => Some(encoding_rs::UTF_16BE),
        _ => None,
    }
}
