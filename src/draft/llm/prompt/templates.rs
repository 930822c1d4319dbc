//! The bundled templates, those of a folder, and their checks.
//!
//! In: templates in the language of Jinja, one file each. Out: [`Prompts`], in which every template compiles, knows
//! all of its variables and renders.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use minijinja::{AutoEscape, Environment, UndefinedBehavior};

/// Larger files are no templates, in bytes.
const LARGEST: u64 = 64 * 1024;

/// A bundled template.
struct Template {
    name: &'static str,
    text: &'static str,
    variables: &'static [&'static str],
}

macro_rules! template {
    ($name:literal, $variables:expr) => {
        Template {
            name: $name,
            text: include_str!(concat!("../../../../prompts/", $name, ".j2")),
            variables: $variables,
        }
    };
}

const TEMPLATES: &[Template] = &[
    template!("system", &["fence", "edits", "edit_tests"]),
    template!("plan", &["evidence"]),
    template!("draft", &["evidence", "plan", "hint", "format"]),
    template!("retry", &["evidence", "plan", "hint", "format"]),
    template!("correction", &["problems", "applied"]),
    template!("review", &["evidence", "diagnosis", "patch", "verdict"]),
    template!("explain", &["evidence"]),
    template!("format_json", &[]),
    template!("format_search_replace", &[]),
    template!("format_definition", &[]),
];

/// Why templates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The folder or a file cannot be read.
    #[error("cannot read {file}: {source}")]
    Read {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The folder has a file that replaces nothing.
    #[error("{file} replaces no template; there are {known}")]
    Unknown {
        /// The file.
        file: PathBuf,
        /// The files that it may hold.
        known: String,
    },
    /// A template is larger than 64 KiB.
    #[error("{file} is larger than {LARGEST} bytes")]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// A template does not compile, uses an unknown variable or does not render.
    #[error("{file}, line {line}: {message}")]
    Template {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

/// The templates of all messages.
#[derive(Debug)]
pub struct Prompts {
    environment: Environment<'static>,
    /// Where replaced templates came from.
    replaced: BTreeMap<&'static str, PathBuf>,
}

impl Prompts {
    /// The bundled ones.
    pub fn builtin() -> Result<Self, PromptError> {
        Self::new(BTreeMap::new())
    }

    /// The bundled ones, with those of a folder in the place of the ones of the same name. Every file of the folder
    /// must replace one.
    pub fn with_folder(folder: &Path) -> Result<Self, PromptError> {
        let unreadable = |source| PromptError::Read { file: folder.to_owned(), source };
        let mut given = BTreeMap::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            let name = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".j2"));
            let Some(template) = TEMPLATES.iter().find(|template| Some(template.name) == name) else {
                let known: Vec<_> = TEMPLATES.iter().map(|template| format!("{}.j2", template.name)).collect();
                return Err(PromptError::Unknown { file, known: known.join(", ") });
            };
            let text = read(&file)?;
            given.insert(template.name, (file, text));
        }
        Self::new(given)
    }

    fn new(mut given: BTreeMap<&'static str, (PathBuf, String)>) -> Result<Self, PromptError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        let mut prompts = Prompts { environment, replaced: BTreeMap::new() };
        for template in TEMPLATES {
            let text = match given.remove(template.name) {
                Some((file, text)) => {
                    prompts.replaced.insert(template.name, file);
                    text
                }
                None => template.text.to_owned(),
            };
            let added = prompts.environment.add_template_owned(template.name, text);
            added.map_err(|error| prompts.wrong(template.name, &error))?;
            prompts.check(template)?;
        }
        Ok(prompts)
    }

    /// Every variable is known, and the template renders with all of them.
    fn check(&self, template: &Template) -> Result<(), PromptError> {
        let found = self.environment.get_template(template.name);
        let found = found.map_err(|error| self.wrong(template.name, &error))?;
        let mut unknown: Vec<_> = found.undeclared_variables(false).into_iter().collect();
        unknown.retain(|name| !template.variables.contains(&name.as_str()));
        unknown.sort();
        if let Some(name) = unknown.first() {
            let line = found.source().lines().position(|line| line.contains(name.as_str())).map_or(1, |line| line + 1);
            let known = match template.variables {
                [] => "none".to_owned(),
                names => names.join(", "),
            };
            let message = format!("unknown variable {name}; known here: {known}");
            return Err(PromptError::Template { file: self.file(template.name), line, message });
        }
        let sample: BTreeMap<&str, &str> = template.variables.iter().map(|name| (*name, "x")).collect();
        self.render(template.name, sample).map(|_| ())
    }

    /// The text of a template with these values.
    pub(super) fn render(
        &self,
        name: &'static str,
        values: impl Into<minijinja::Value>,
    ) -> Result<String, PromptError> {
        let text = self.environment.get_template(name).and_then(|template| template.render(values));
        text.map_err(|error| self.wrong(name, &error))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.replaced.get(name).cloned().unwrap_or_else(|| PathBuf::from(format!("prompts/{name}.j2")))
    }

    fn wrong(&self, name: &str, error: &minijinja::Error) -> PromptError {
        let message = match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        };
        PromptError::Template { file: self.file(name), line: error.line().unwrap_or(1), message }
    }
}

fn read(file: &Path) -> Result<String, PromptError> {
    let unreadable = |source| PromptError::Read { file: file.to_owned(), source };
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(unreadable)?;
    opened.take(LARGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LARGEST { Err(PromptError::TooLarge { file: file.to_owned() }) } else { Ok(text) }
}
