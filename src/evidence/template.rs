//! Lines without what differs from run to run: numbers, hashes, paths, times.
//!
//! In: a line. Out: its template, equal for lines that the same statement wrote. The masks are those of
//! Drain's usual pre-processing (He et al., "Drain: An online log parsing approach with fixed depth tree",
//! ICWS 2017); its tree is not needed, since templates are only compared, never shown as clusters.

/// The most of a line that counts, in bytes.
const LONGEST: usize = 1000;

/// What stands for a word that varies.
const MASK: &str = "#";

/// The template of a line: words with a digit and absolute paths become `#`, blanks become one blank.
pub fn of(line: &str) -> String {
    let mut template = String::with_capacity(line.len());
    let mut first = true;
    for word in cut(line).split_ascii_whitespace() {
        if !first {
            template.push(' ');
        }
        first = false;
        parts(word, |part, varies| template.push_str(if varies { MASK } else { part }));
    }
    template
}

/// A hash of [`of`], without making it (FNV-1a over words); stable over runs.
pub fn hash(line: &str) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let mut hash = BASIS;
    let mut name = BASIS;
    let (mut varies, mut length, mut blank) = (false, 0_usize, true);
    let end_of_name = |hash: &mut u64, name: &mut u64, varies: &mut bool, length: &mut usize| {
        if *length > 0 {
            *hash = (*hash ^ if *varies { 1 } else { *name }).wrapping_mul(PRIME);
        }
        (*name, *varies, *length) = (BASIS, false, 0);
    };
    for &byte in cut(line).as_bytes() {
        if is_part_of_name(byte) {
            varies |= byte.is_ascii_digit()
                || (length == 1 && name == (BASIS ^ u64::from(b'/')).wrapping_mul(PRIME))
                || (length == 0 && byte == b'~');
            name = (name ^ u64::from(byte)).wrapping_mul(PRIME);
            length += 1;
            blank = false;
        } else {
            end_of_name(&mut hash, &mut name, &mut varies, &mut length);
            let is_blank = byte.is_ascii_whitespace();
            if !(is_blank && blank) {
                hash = (hash ^ if is_blank { u64::from(b' ') } else { u64::from(byte) }).wrapping_mul(PRIME);
            }
            blank = is_blank;
        }
    }
    end_of_name(&mut hash, &mut name, &mut varies, &mut length);
    hash
}

fn cut(line: &str) -> &str {
    line[..line.floor_char_boundary(LONGEST)].trim_ascii()
}

/// Names and what stands between them, each with whether it varies.
fn parts(word: &str, mut take: impl FnMut(&str, bool)) {
    let mut rest = word;
    while let Some(&first) = rest.as_bytes().first() {
        let in_name = is_part_of_name(first);
        let end = rest.bytes().position(|byte| is_part_of_name(byte) != in_name).unwrap_or(rest.len());
        let part = &rest[..end];
        let is_path = (part.starts_with('/') && part.len() > 1) || part.starts_with('~');
        take(part, in_name && (is_path || part.bytes().any(|byte| byte.is_ascii_digit())));
        rest = &rest[end..];
    }
}

/// Bytes of a character beyond ASCII are parts of a name, so that names end between characters only.
fn is_part_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte >= 0x80
        || matches!(byte, b'_' | b'/' | b'.' | b'-' | b'+' | b'\\' | b'@' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_the_same_statement_are_equal() {
        for (a, b) in [
            ("no /home/me/x at 0x7f01 in 1.5s", "no /build/1/x at 0xab99 in 22.25s"),
            ("commit 1f7d1fd by a", "commit  92eedb1   by a"),
            ("[12:33:01] built foo (123 ms)", "[01:02:03] built foo (9 ms)"),
        ] {
            assert_eq!(of(a), of(b));
            assert_eq!(hash(a), hash(b));
        }
        assert_ne!(of("cannot find a"), of("cannot find b"));
        assert_ne!(hash("cannot find a"), hash("cannot find b"));
        assert_eq!(of("é: (ß) 1"), "é: (ß) #");
    }
}
