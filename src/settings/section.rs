//! One table of a settings file, read key by key.
//!
//! In: a parsed table with places, and the [`Key`]s that may stand in it. Out: values of the type and the range
//! that the caller asks for. Unknown keys are refused when a section is opened; a wrong value is refused where it
//! stands. Nothing is coerced: `"3"` is not a number. One string is taken for a list of one.

use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{Key, SettingError, nearest};

/// Files above this are not settings.
const LARGEST: usize = 64 * 1024;
/// More entries in one list are a mistake.
const LONGEST_LIST: usize = 200;
/// Longer strings are a mistake; a PEM key has about 3,300 bytes in 4096 bits.
const LONGEST_STRING: usize = 8 * 1024;

type Read<T> = Result<Option<T>, SettingError>;

/// A settings file, parsed.
pub struct Text<'t> {
    text: &'t str,
    root: DeTable<'t>,
}

impl<'t> Text<'t> {
    /// Parses a file of at most 64 KiB.
    pub fn parse(text: &'t str) -> Result<Self, SettingError> {
        if text.len() > LARGEST {
            let message = format!("the file has {} bytes, more than the {LARGEST} that are read", text.len());
            return Err(SettingError::at(text, 0, message));
        }
        let root = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let mut message = error.message().replace('\n', ", ");
            if message == "duplicate key" {
                message = format!("{message} {}", nearest::quoted(text.get(span.clone()).unwrap_or_default()));
            }
            SettingError::at(text, span.start, message)
        })?;
        Ok(Text { text, root: root.into_inner() })
    }

    /// The file's outermost table.
    pub fn section<'s>(&'s self, keys: &'static [Key]) -> Result<Section<'s>, SettingError> {
        Section::open(Section {
            text: self.text,
            table: &self.root,
            keys,
            prefix: String::new(),
            title: String::new(),
            offset: 0,
        })
    }
}

/// A table whose keys are all known.
pub struct Section<'s> {
    text: &'s str,
    table: &'s DeTable<'s>,
    keys: &'static [Key],
    /// The table's name in the list of keys with a dot behind it; empty for the outermost.
    prefix: String,
    /// The same as the file has it.
    title: String,
    offset: usize,
}

impl<'s> Section<'s> {
    fn open(section: Section<'s>) -> Result<Self, SettingError> {
        let keys = section.table.keys();
        let unknown = keys.filter(|key| !section.knows(key.get_ref())).min_by_key(|key| key.span().start);
        match unknown {
            Some(key) => Err(section.unknown(key)),
            None => Ok(section),
        }
    }

    /// The names that may stand directly in this table.
    fn names(&self) -> impl Iterator<Item = &'static str> {
        let inside = self.keys.iter().filter_map(|key| key.name.strip_prefix(self.prefix.as_str()));
        inside.map(|rest| rest.split('.').next().unwrap_or(rest))
    }

    fn knows(&self, name: &str) -> bool {
        self.names().any(|known| known == name || known == "*")
    }

    fn unknown(&self, key: &Spanned<DeString<'_>>) -> SettingError {
        let written = key.get_ref();
        let place = match self.title.trim_end_matches('.') {
            "" => String::new(),
            table => format!(" in [{table}]"),
        };
        let hint = nearest::nearest(written, self.names()).map(str::to_owned).or_else(|| self.elsewhere(written));
        let hint = hint.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        let message = format!("unknown key {}{place}{hint}", nearest::quoted(written));
        SettingError::at(self.text, key.span().start, message)
    }

    /// A key of another table that has just this name.
    fn elsewhere(&self, written: &str) -> Option<String> {
        let found = self.keys.iter().find(|key| key.name.rsplit('.').next() == Some(written))?;
        Some(found.name.to_owned())
    }

    /// An error at a key's value, or at the table when the key is absent.
    pub fn error(&self, name: &str, message: impl Into<String>) -> SettingError {
        let offset = self.table.get(name).map_or(self.offset, |value| value.span().start);
        SettingError::at(self.text, offset, message)
    }

    /// An error at the `index`th entry of a list, or at the value when it is no list.
    pub fn error_in(&self, name: &str, index: usize, message: impl Into<String>) -> SettingError {
        let entry = self.table.get(name).and_then(|value| value.get_ref().as_array()?.get(index));
        match entry {
            Some(entry) => SettingError::at(self.text, entry.span().start, message),
            None => self.error(name, message),
        }
    }

    /// The key's name with its table, as messages show it.
    pub fn full(&self, name: &str) -> String {
        format!("{}{name}", self.title)
    }

    /// Whether the key stands in this table.
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// An error that says that this key is needed.
    pub fn missing(&self, name: &str) -> SettingError {
        self.error(name, format!("`{}` is missing", self.full(name)))
    }

    fn value(&self, name: &str) -> Option<&'s Spanned<DeValue<'s>>> {
        debug_assert!(self.knows(name), "`{}{name}` is not in the list of keys", self.prefix);
        self.table.get(name)
    }

    fn wrong_type(&self, name: &str, wanted: &str) -> SettingError {
        let found = self.value(name).map_or("nothing", |value| value.get_ref().type_str());
        self.error(name, format!("`{}` must be {wanted}, not {}", self.full(name), article(found)))
    }

    /// `true` or `false`.
    pub fn boolean(&self, name: &str) -> Read<bool> {
        let Some(value) = self.value(name) else { return Ok(None) };
        value.get_ref().as_bool().map(Some).ok_or_else(|| self.wrong_type(name, "true or false"))
    }

    /// A whole number within a range.
    pub fn integer<N: TryFrom<u64>>(&self, name: &str, range: RangeInclusive<u64>) -> Read<N> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let Some(written) = value.get_ref().as_integer() else { return Err(self.wrong_type(name, &wanted)) };
        let number = u64::from_str_radix(written.as_str(), written.radix()).ok();
        let number = number.filter(|number| range.contains(number)).and_then(|number| N::try_from(number).ok());
        number.map(Some).ok_or_else(|| {
            let shown = nearest::quoted(written.as_str());
            self.error(name, format!("`{}` must be {wanted}, not {shown}", self.full(name)))
        })
    }

    /// A number within a range, with or without a fraction.
    pub fn number(&self, name: &str, range: RangeInclusive<f64>) -> Read<f64> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let wanted = format!("a number from {} to {}", range.start(), range.end());
        let written = match value.get_ref() {
            DeValue::Float(number) => number.as_str(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            _ => return Err(self.wrong_type(name, &wanted)),
        };
        let number = written.parse().ok().filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| {
            self.error(name, format!("`{}` must be {wanted}, not {}", self.full(name), nearest::quoted(written)))
        })
    }

    /// A string, not empty, without control characters other than the ends of lines.
    pub fn string(&self, name: &str) -> Read<&'s str> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let Some(text) = value.get_ref().as_str() else { return Err(self.wrong_type(name, "a string")) };
        self.check_string(name, 0, text)?;
        Ok(Some(text))
    }

    fn check_string(&self, name: &str, index: usize, text: &str) -> Result<(), SettingError> {
        let full = self.full(name);
        let wrong = if text.trim().is_empty() {
            format!("`{full}` must not be empty")
        } else if text.len() > LONGEST_STRING {
            format!("`{full}` has {} bytes, more than the {LONGEST_STRING} that are read", text.len())
        } else if text.chars().any(|letter| letter.is_control() && letter != '\n') {
            format!("`{full}` holds a control character")
        } else {
            return Ok(());
        };
        Err(self.error_in(name, index, wrong))
    }

    /// A list of strings; one string is a list of one.
    pub fn strings(&self, name: &str) -> Read<Vec<&'s str>> {
        let wanted = "a list of strings";
        let Some(value) = self.value(name) else { return Ok(None) };
        let list = match value.get_ref() {
            DeValue::String(text) => vec![text.as_ref()],
            DeValue::Array(entries) => {
                let texts = entries.iter().enumerate().map(|(index, entry)| {
                    let entry = entry.get_ref();
                    let found = article(entry.type_str());
                    let message = format!("`{}` must be {wanted}; this is {found}", self.full(name));
                    entry.as_str().ok_or_else(|| self.error_in(name, index, message))
                });
                texts.collect::<Result<_, _>>()?
            }
            _ => return Err(self.wrong_type(name, wanted)),
        };
        if list.len() > LONGEST_LIST {
            return Err(self.error(name, format!("`{}` has more than {LONGEST_LIST} entries", self.full(name))));
        }
        for (index, text) in list.iter().enumerate() {
            self.check_string(name, index, text)?;
        }
        Ok(Some(list))
    }

    /// One of several words.
    pub fn choice<T: Copy>(&self, name: &str, choices: &[(&'static str, T)]) -> Read<T> {
        let Some(written) = self.string(name)? else { return Ok(None) };
        self.choose(name, 0, written, choices).map(Some)
    }

    /// Several of several words.
    pub fn choices<T: Copy>(&self, name: &str, choices: &[(&'static str, T)]) -> Read<Vec<T>> {
        let Some(list) = self.strings(name)? else { return Ok(None) };
        let chosen = list.iter().enumerate().map(|(index, written)| self.choose(name, index, written, choices));
        chosen.collect::<Result<_, _>>().map(Some)
    }

    fn choose<T: Copy>(
        &self,
        name: &str,
        index: usize,
        written: &str,
        choices: &[(&'static str, T)],
    ) -> Result<T, SettingError> {
        let found = choices.iter().find(|(word, _)| *word == written).map(|(_, value)| *value);
        found.ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            let ending = match nearest::nearest(written, words.iter().copied()) {
                Some(word) => format!("; did you mean `{word}`?"),
                None => format!("; it may be `{}`", words.join("`, `")),
            };
            let shown = nearest::quoted(written);
            self.error_in(name, index, format!("unknown value {shown} for `{}`{ending}", self.full(name)))
        })
    }

    /// A table within this one, with keys of the same list.
    pub fn table(&self, name: &str) -> Read<Section<'s>> {
        let (prefix, title) = (format!("{}{name}.", self.prefix), format!("{}{name}.", self.title));
        self.table_of(name, self.keys, prefix, title)
    }

    /// A table within this one that has a list of keys of its own.
    pub fn table_with(&self, name: &str, keys: &'static [Key]) -> Read<Section<'s>> {
        self.table_of(name, keys, String::new(), String::new())
    }

    /// Tables under names that the user chooses, in the order of the file.
    pub fn named_tables(&self) -> Result<Vec<(&'s str, Section<'s>)>, SettingError> {
        let mut entries: Vec<_> = self.table.keys().collect();
        entries.sort_by_key(|key| key.span().start);
        let open = |key: &'s Spanned<DeString<'s>>| {
            let name = key.get_ref().as_ref();
            let shown: String = name.chars().take(64).flat_map(char::escape_debug).collect();
            let (prefix, title) = (format!("{}*.", self.prefix), format!("{}{shown}.", self.title));
            let section = self.table_of(name, self.keys, prefix, title)?;
            Ok(section.map(|section| (name, section)))
        };
        entries.into_iter().filter_map(|key| open(key).transpose()).collect()
    }

    fn table_of(&self, name: &str, keys: &'static [Key], prefix: String, title: String) -> Read<Section<'s>> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let Some(table) = value.get_ref().as_table() else { return Err(self.wrong_type(name, "a table")) };
        Section::open(Section { text: self.text, table, keys, prefix, title, offset: value.span().start }).map(Some)
    }
}

fn article(kind: &str) -> String {
    match kind {
        "nothing" => kind.to_owned(),
        "integer" | "array" => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}
