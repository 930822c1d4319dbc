//! The zip of a run's logs, as GitHub's API gives it: `0_job.txt` for whole jobs beside `job/1_step.txt`.
//!
//! In: a zip. Out: its job logs, one after the other. Nothing is unpacked to a disk; the limit on bytes
//! counts what comes out, so that a zip bomb ends there.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::read::Reading;
use super::{Limits, Log, LogError, Words};

/// What a zip begins with.
pub(super) const MAGIC: &[u8] = b"PK\x03\x04";

/// The most files of a zip; its directory is held in memory.
const MOST_FILES: u16 = 5_000;

/// How far from its end a zip's directory record may stand, in bytes (APPNOTE.TXT 4.3.16).
const END_RECORD: u64 = 22 + 65_535;

pub(super) fn read(mut file: File, words: &Words, limits: &Limits) -> Result<Log, LogError> {
    refuse_large_directory(&mut file)?;
    let mut zip = zip::ZipArchive::new(file).map_err(|error| LogError::Archive(error.to_string()))?;
    let mut reading = Reading::new(words, limits);
    // What the directory says may be a lie, so the limit is kept while unpacking too.
    if zip.decompressed_size().is_some_and(|size| size > u128::from(limits.bytes)) {
        return Err(LogError::TooLarge { limit: limits.bytes });
    }
    for name in names(&zip) {
        let entry = zip.by_name(&name).map_err(|error| LogError::Archive(error.to_string()))?;
        let (job, step) = origin(&name);
        reading.begin(&name, job, step);
        reading.part(entry)?;
    }
    if reading.parts.is_empty() {
        return Err(LogError::Archive("there is no .txt or .log file in it".to_owned()));
    }
    Ok(reading.finish())
}

/// The files to read, in the order of their numbers: whole jobs where there are any, else steps.
fn names(zip: &zip::ZipArchive<File>) -> Vec<String> {
    let is_log = |name: &str| [".txt", ".log"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    let mut names: Vec<String> = zip.file_names().filter(|name| is_log(name)).map(str::to_owned).collect();
    if names.iter().any(|name| !name.contains('/')) {
        names.retain(|name| !name.contains('/'));
    } else {
        // `job/system.txt` is the machine's own log.
        names.retain(|name| !name.ends_with("/system.txt"));
    }
    names.sort_by_cached_key(|name| {
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        let number: u32 = file.split('_').next().and_then(|number| number.parse().ok()).unwrap_or(u32::MAX);
        (folder.to_owned(), number, file.to_owned())
    });
    names
}

/// `0_build (3.11).txt` is a job; `build (3.11)/2_Run pytest.txt` a step of it.
fn origin(name: &str) -> (&str, Option<&str>) {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let title = match stem.split_once('_') {
        Some((number, title)) if number.bytes().all(|byte| byte.is_ascii_digit()) => title,
        _ => stem,
    };
    if folder.is_empty() { (title, None) } else { (folder, Some(title)) }
}

/// A directory with millions of entries would be read into memory as a whole: its size is asked first.
fn refuse_large_directory(file: &mut File) -> Result<(), LogError> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(END_RECORD)))?;
    let mut tail = Vec::new();
    file.take(END_RECORD).read_to_end(&mut tail)?;
    file.rewind()?;
    let at = memchr::memmem::rfind(&tail, b"PK\x05\x06")
        .ok_or_else(|| LogError::Archive("its end is missing".to_owned()))?;
    let field =
        |offset: usize| tail.get(at + offset..at + offset + 2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
    match field(10) {
        Some(count) if count <= MOST_FILES => Ok(()),
        Some(count) => Err(LogError::Archive(format!("it names {count} files; at most {MOST_FILES} are read"))),
        None => Err(LogError::Archive("its end is cut off".to_owned())),
    }
}
