//! `[llm]` and its variables, read and checked.
//!
//! In: the file and the environment. Out: an [`LlmConfig`], or nothing when there is no endpoint. The endpoint is
//! heal's own (`HEAL_LLM_BASE_URL`, `llm.base_url`), else the one that OpenAI's variables name. A key goes only to
//! the endpoint that it was given for.

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::SecretString;

use super::llm::{EditFormat, LlmConfig, Model, Price};
use super::load::{Read, Sources, Wrong, of, secret_text};
use super::{ConfigError, KEYS, Outside, values, variables as v};
use crate::policy::{Globs, globs, is_channel_name};
use crate::settings::nearest::quoted;
use crate::settings::{Section, SettingError, Text};

const OPENAI: &str = "https://api.openai.com/v1";

const FORMATS: &[(&str, Option<EditFormat>)] = &[
    ("auto", None),
    ("json", Some(EditFormat::Json)),
    ("search_replace", Some(EditFormat::SearchReplace)),
    ("function", Some(EditFormat::Definition)),
];

/// Reads only the `[llm]` table of a settings file (its path and text), if there is one, and the environment;
/// `None` when there is no endpoint. Keys of other tables must be known, and their values are not looked at.
pub fn load(file: Option<(&Path, &str)>, outside: &Outside<'_>) -> Result<Option<LlmConfig>, ConfigError> {
    let (path, text) = file.unwrap_or((Path::new(""), ""));
    let read_text = || -> Read<LlmConfig> {
        let text = Text::parse(text)?;
        read(&Sources { outside }, &text.section(KEYS)?, path)
    };
    read_text().map_err(|wrong| wrong.in_file(path))
}

/// Where models answer, and the key for there.
#[derive(Clone)]
struct Endpoint {
    base_url: String,
    api_key: Option<SecretString>,
}

/// What the settings say of models, before they are put together.
struct Said {
    /// heal's own endpoint, else OpenAI's.
    main: Option<Endpoint>,
    /// Whether the endpoint is heal's own.
    own: bool,
    /// Whether the variable names the model.
    alone: bool,
    model: Option<String>,
    models: Vec<String>,
    members: Vec<Member>,
    prices: BTreeMap<String, Price>,
}

struct Member {
    model: String,
    own: Option<Endpoint>,
}

pub(super) fn read(from: &Sources<'_>, file: &Section<'_>, path: &Path) -> Read<LlmConfig> {
    let table = file.table("llm")?;
    let table = table.as_ref();
    let said = said(from, table)?;
    let planner = said.role(table, "plan_model")?;
    let reviewer = said.role(table, "review_model")?;
    let limits = Limits { from, table };
    let explicit = said.own || said.model.is_some() || !said.models.is_empty() || !said.members.is_empty();
    let mut config = limits.config(path)?;
    if said.main.is_none() && !explicit {
        return Ok(None);
    }
    config.committee = said.committee()?;
    (config.explicit, config.planner, config.reviewer) = (explicit, planner, reviewer);
    if explicit {
        config.check()?;
    }
    Ok(Some(config))
}

fn said(from: &Sources<'_>, table: Option<&Section<'_>>) -> Result<Said, Wrong> {
    let base_url = from.text(table, "base_url", v::LLM_BASE_URL, values::endpoint)?;
    let api_key = from.secret(table, "api_key", v::LLM_API_KEY, values::header)?;
    let model = from.text(table, "model", v::LLM_MODEL, values::model)?;
    let own = base_url.is_some();
    let named = table.map(|table| names(table, "models")).transpose()?.unwrap_or_default();
    let members = table.map(|table| members(table, from.outside)).transpose()?.unwrap_or_default();
    let mut prices = table.map(prices).transpose()?.unwrap_or_default();
    let given = given_price(from)?;
    if let (Some(model), Some(price)) = (&model, given) {
        prices.insert(model.clone(), price);
    }
    let alone = from.given(v::LLM_MODEL, values::model)?.is_some();
    Ok(Said { main: main_endpoint(from, base_url, api_key)?, own, alone, model, models: named, members, prices })
}

/// OpenAI's key is for OpenAI, or for the endpoint that OpenAI's own variable names.
fn main_endpoint(from: &Sources<'_>, base_url: Option<String>, api_key: Option<SecretString>) -> Read<Endpoint> {
    let openai_key = from.given(v::OPENAI_API_KEY, values::header)?.map(SecretString::from);
    if let Some(base_url) = base_url {
        let openai = openai_key.filter(|_| base_url == OPENAI);
        return Ok(Some(Endpoint { base_url, api_key: api_key.or(openai) }));
    }
    let base_url = from.given(v::OPENAI_BASE_URL, values::endpoint)?;
    let api_key = api_key.or(openai_key);
    let base_url = base_url.or_else(|| api_key.is_some().then(|| OPENAI.to_owned()));
    Ok(base_url.map(|base_url| Endpoint { base_url, api_key }))
}

fn given_price(from: &Sources<'_>) -> Read<Price> {
    let input = from.given(v::LLM_PRICE_INPUT, values::dollars)?;
    let output = from.given(v::LLM_PRICE_OUTPUT, values::dollars)?;
    let (name, other) = match (input, output) {
        (Some(input), Some(output)) => return Ok(Some(Price { input, output })),
        (None, None) => return Ok(None),
        (Some(_), None) => (v::LLM_PRICE_INPUT, v::LLM_PRICE_OUTPUT),
        (None, Some(_)) => (v::LLM_PRICE_OUTPUT, v::LLM_PRICE_INPUT),
    };
    Err(ConfigError::Variable { name, message: format!("needs {other} beside it") }.into())
}

fn checked<T>(
    table: &Section<'_>,
    name: &str,
    check: fn(&str) -> Result<T, String>,
) -> Result<Option<T>, SettingError> {
    let value = table.string(name)?.map(check).transpose();
    value.map_err(|message| table.error(name, format!("`{}` {message}", table.full(name))))
}

fn names(table: &Section<'_>, name: &str) -> Result<Vec<String>, SettingError> {
    let list = table.strings(name)?.unwrap_or_default();
    let read = |(index, text): (usize, &&str)| {
        let wrong = |message| table.error_in(name, index, format!("`{}` {message}", table.full(name)));
        values::model(text).map_err(wrong)
    };
    list.iter().enumerate().map(read).collect()
}

fn members(table: &Section<'_>, outside: &Outside<'_>) -> Result<Vec<Member>, SettingError> {
    let Some(committee) = table.table("committee")? else { return Ok(Vec::new()) };
    let mut members = Vec::new();
    for (name, member) in committee.named_tables()? {
        if !is_channel_name(name) {
            let message = format!("a member's name has letters, digits, `-` and `_`, not {}", quoted(name));
            return Err(committee.error(name, message));
        }
        let key = secret_text(&member, "api_key", outside)?.map(|text| values::header(&text)).transpose();
        let wrong = |message| member.error("api_key", format!("`{}` {message}", member.full("api_key")));
        let api_key = key.map_err(wrong)?.map(SecretString::from);
        let base_url = checked(&member, "base_url", values::endpoint)?;
        let model = checked(&member, "model", values::model)?.ok_or_else(|| member.missing("model"))?;
        let own = match (base_url, api_key) {
            (Some(base_url), api_key) => Some(Endpoint { base_url, api_key }),
            (None, None) => None,
            (None, Some(_)) => return Err(member.missing("base_url")),
        };
        members.push(Member { model, own });
    }
    Ok(members)
}

fn prices(table: &Section<'_>) -> Result<BTreeMap<String, Price>, SettingError> {
    let Some(prices) = table.table("prices")? else { return Ok(BTreeMap::new()) };
    let price = |(name, price): (&str, Section<'_>)| {
        let input = price.number("input", values::DOLLARS)?;
        let output = price.number("output", values::DOLLARS)?;
        let input = input.ok_or_else(|| price.missing("input"))?;
        let output = output.ok_or_else(|| price.missing("output"))?;
        Ok((name.to_owned(), Price { input, output }))
    };
    prices.named_tables()?.into_iter().map(price).collect()
}

impl Said {
    fn at(&self, name: &str, endpoint: &Endpoint) -> Model {
        Model {
            name: name.to_owned(),
            base_url: endpoint.base_url.clone(),
            api_key: endpoint.api_key.clone(),
            price: self.prices.get(name).copied(),
        }
    }

    fn member(&self, member: &Member) -> Result<Model, ConfigError> {
        let endpoint = member.own.as_ref().or(self.main.as_ref()).ok_or(ConfigError::NoEndpoint)?;
        Ok(self.at(&member.model, endpoint))
    }

    /// Everybody who drafts; one without a name where there is only an endpoint.
    fn committee(&self) -> Result<Vec<Model>, ConfigError> {
        let further = if self.alone { &[][..] } else { &self.models };
        let mut at_main: Vec<&str> = Vec::new();
        for name in self.model.iter().chain(further) {
            if !at_main.contains(&name.as_str()) {
                at_main.push(name);
            }
        }
        let members = if self.alone { &[][..] } else { &self.members };
        if at_main.is_empty() && members.is_empty() {
            at_main.push("");
        }
        let mut committee = Vec::new();
        for name in at_main {
            committee.push(self.at(name, self.main.as_ref().ok_or(ConfigError::NoEndpoint)?));
        }
        for member in members {
            committee.push(self.member(member)?);
        }
        Ok(committee)
    }

    /// Who plans or reviews: a member of that name, else that model at the main endpoint.
    fn role(&self, table: Option<&Section<'_>>, key: &str) -> Read<Model> {
        let Some(name) = of(table, |table| checked(table, key, values::model))? else { return Ok(None) };
        match self.members.iter().find(|member| member.model == name) {
            Some(member) => Ok(Some(self.member(member)?)),
            None => Ok(Some(self.at(&name, self.main.as_ref().ok_or(ConfigError::NoEndpoint)?))),
        }
    }
}

/// Everything that is not about who answers.
struct Limits<'a> {
    from: &'a Sources<'a>,
    table: Option<&'a Section<'a>>,
}

impl Limits<'_> {
    fn number<N: TryFrom<u64>>(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
        default: N,
    ) -> Result<N, Wrong> {
        Ok(of(self.table, |table| table.integer(name, range))?.unwrap_or(default))
    }

    fn switch(&self, name: &str, default: bool) -> Result<bool, Wrong> {
        Ok(of(self.table, |table| table.boolean(name))?.unwrap_or(default))
    }

    fn config(&self, path: &Path) -> Result<LlmConfig, Wrong> {
        let table = self.table;
        let directory = path.parent().unwrap_or(Path::new(""));
        let cost = of(table, |table| table.number("max_cost_usd", values::DOLLARS))?;
        Ok(LlmConfig {
            explicit: false,
            committee: Vec::new(),
            planner: None,
            reviewer: None,
            plan: self.switch("plan", true)?,
            review: self.switch("review", true)?,
            samples: self.number("samples", 1..=8, 1)?,
            rounds: self.number("rounds", 1..=10, 3)?,
            format: of(table, |table| table.choice("format", FORMATS))?.flatten(),
            context_tokens: self.number("context_tokens", 1000..=1_000_000, 12_000)?,
            max_output_tokens: self.number("max_output_tokens", 100..=100_000, 4000)?,
            max_tokens: self.number("max_tokens", 1000..=100_000_000, 200_000)?,
            max_cost_usd: self.from.given(v::LLM_MAX_COST_USD, values::dollars)?.or(cost),
            max_seconds: self.number("max_seconds", 1..=86_400, 600)?,
            timeout_seconds: self.number("timeout_seconds", 1..=3600, 120)?,
            concurrency: self.number("concurrency", 1..=64, 4)?,
            stream: of(table, |table| table.boolean("stream"))?,
            temperature: of(table, |table| table.number("temperature", 0.0..=2.0))?.map(|degree| degree as f32),
            prompts: of(table, |table| table.string("prompts"))?.map(|folder| directory.join(folder)),
            keep_transcripts: self.switch("keep_transcripts", false)?,
            syntax_checks: self.switch("syntax_checks", true)?,
            allow_paths: of(table, |table| globs(table, "allow_paths", Globs::files))?.unwrap_or_else(Globs::all),
            deny_paths: of(table, |table| globs(table, "deny_paths", Globs::files_in_any_case))?
                .unwrap_or_else(Globs::none),
        })
    }
}
