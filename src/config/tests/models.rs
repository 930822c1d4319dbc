//! Tables of `[llm]`: what the file and the environment mean together.

use std::path::Path;

use secrecy::ExposeSecret as _;

use crate::config::llm::{EditFormat, LlmConfig, Price};
use crate::config::{ConfigError, Outside};

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Option<LlmConfig>, ConfigError> {
    let find = |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let outside = Outside { variable: &find, read: &|_| Ok(String::new()), data_dir: "/cache".into() };
    crate::config::llm::load(Some((Path::new("/etc/heal/heal.toml"), text)), &outside)
}

/// Each model as `name@endpoint key`.
fn check_committee(text: &str, environment: &[(&str, &str)], expected: &[&str], explicit: bool) {
    let config = load(text, environment).unwrap().unwrap_or_else(|| panic!("no endpoint: {text} {environment:?}"));
    let shown = config.committee.iter().map(|model| {
        let key = model.api_key.as_ref().map_or("-", |key| key.expose_secret());
        format!("{}@{} {key}", model.name, model.base_url)
    });
    assert_eq!(shown.collect::<Vec<_>>(), expected, "{text} {environment:?}");
    assert_eq!(config.explicit, explicit, "{text} {environment:?}");
}

fn check_error(text: &str, environment: &[(&str, &str)], message: &str) {
    assert_eq!(load(text, environment).expect_err(text).to_string(), message, "{text} {environment:?}");
}

#[test]
fn without_an_endpoint_no_model_is_asked() {
    assert!(load("", &[]).unwrap().is_none());
    assert!(load("[llm]\nplan = false\n[llm.prices.m]\ninput = 1\noutput = 2", &[]).unwrap().is_none());
    assert!(load("[github]\ncommits = 'api'", &[("HEAL_LLM_MODEL", " ")]).unwrap().is_none());
}

const FILE: &str = "[llm]\nbase_url = 'https://a.example/v1/'\napi_key = 'file'\nmodel = 'm'\n";
const OPENAI: &[(&str, &str)] = &[("OPENAI_API_KEY", "sk"), ("OPENAI_BASE_URL", "http://o.example/v1")];

#[test]
fn heals_own_variables_win_then_the_file_then_those_of_openai() {
    check_committee(FILE, &[], &["m@https://a.example/v1 file"], true);
    let own = &[
        ("HEAL_LLM_BASE_URL", "http://127.0.0.1:1/v1/chat/completions/"),
        ("HEAL_LLM_API_KEY", "own"),
        ("HEAL_LLM_MODEL", "n"),
    ];
    check_committee(FILE, own, &["n@http://127.0.0.1:1/v1 own"], true);
    check_committee("", &[own, OPENAI].concat(), &["n@http://127.0.0.1:1/v1 own"], true);
    check_committee("", &[OPENAI, &own[2..]].concat(), &["n@http://o.example/v1 sk"], true);
    check_committee("", &[OPENAI[0], own[2]], &["n@https://api.openai.com/v1 sk"], true);
    check_committee("[llm]\nmodel = 'm'", OPENAI, &["m@http://o.example/v1 sk"], true);
}

#[test]
fn openais_variables_alone_switch_nothing_on() {
    check_committee("", OPENAI, &["@http://o.example/v1 sk"], false);
    check_committee("", &OPENAI[..1], &["@https://api.openai.com/v1 sk"], false);
    let error = load("", OPENAI).unwrap().unwrap().check().unwrap_err();
    assert_eq!(error.to_string(), "no model is named: set HEAL_LLM_MODEL or llm.model");
}

#[test]
fn openais_key_goes_to_no_other_endpoint() {
    let keyless = "[llm]\nbase_url = 'https://a.example/v1'\nmodel = 'm'";
    check_committee(keyless, OPENAI, &["m@https://a.example/v1 -"], true);
    let own = &[("HEAL_LLM_BASE_URL", "https://api.openai.com/v1/"), ("HEAL_LLM_MODEL", "m"), OPENAI[0]];
    check_committee("", own, &["m@https://api.openai.com/v1 sk"], true);
    check_committee(
        &format!("{FILE}[llm.committee.b]\nbase_url = 'http://b.example'\nmodel = 'b'"),
        OPENAI,
        &["m@https://a.example/v1 file", "b@http://b.example -"],
        true,
    );
}

#[test]
fn a_committee_has_members_here_and_elsewhere() {
    let text = format!(
        "{FILE}models = ['n', 'm']\nplan_model = 'far'\nreview_model = 'r'\n[llm.committee.z]\nmodel = 'near'\n\
         [llm.committee.a]\nmodel = 'far'\nbase_url = 'http://b.example/v1'\napi_key = 'env:KEY_B'\n\
         [llm.prices.far]\ninput = 1\noutput = 2.5"
    );
    let all = &[
        "m@https://a.example/v1 file",
        "n@https://a.example/v1 file",
        "near@https://a.example/v1 file",
        "far@http://b.example/v1 kb",
    ];
    check_committee(&text, &[("KEY_B", "kb")], all, true);
    let config = load(&text, &[("KEY_B", "kb")]).unwrap().unwrap();
    assert_eq!(config.committee[3].price, Some(Price { input: 1.0, output: 2.5 }));
    assert_eq!(config.committee[0].price, None);
    let (planner, reviewer) = (config.planner.unwrap(), config.reviewer.unwrap());
    assert_eq!((planner.name.as_str(), planner.base_url.as_str()), ("far", "http://b.example/v1"));
    assert_eq!((reviewer.name.as_str(), reviewer.base_url.as_str()), ("r", "https://a.example/v1"));
    check_committee(&text, &[("KEY_B", "kb"), ("HEAL_LLM_MODEL", "x")], &["x@https://a.example/v1 file"], true);
    let alone = "[llm.committee.a]\nmodel = 'far'\nbase_url = 'http://b.example/v1'";
    check_committee(alone, &[], &["far@http://b.example/v1 -"], true);
}

#[test]
fn limits_and_habits_have_defaults_and_are_read() {
    let plain = load(FILE, &[]).unwrap().unwrap();
    assert!(plain.plan && plain.review && plain.syntax_checks && !plain.keep_transcripts);
    assert_eq!((plain.samples, plain.rounds, plain.format, plain.stream), (1, 3, None, None));
    assert_eq!((plain.context_tokens, plain.max_output_tokens, plain.max_tokens), (12_000, 4000, 200_000));
    assert_eq!((plain.max_seconds, plain.timeout_seconds, plain.concurrency), (600, 120, 4));
    assert_eq!((plain.max_cost_usd, plain.temperature, plain.prompts.as_deref()), (None, None, None));
    let text = format!(
        "{FILE}format = 'function'\nmax_cost_usd = 0.01\ntemperature = 0\nprompts = 'prompts'\nallow_paths = 'src'\n\
         deny_paths = 'src/keys'\nstream = false"
    );
    let config = load(&text, &[]).unwrap().unwrap();
    assert_eq!(config.format, Some(EditFormat::Definition));
    assert_eq!((config.max_cost_usd, config.temperature, config.stream), (Some(0.01), Some(0.0), Some(false)));
    assert_eq!(config.prompts.as_deref(), Some(Path::new("/etc/heal/prompts")));
    for (file, sent) in [("src/a.py", true), ("b.py", false), ("src/Keys/a.py", false)] {
        assert_eq!(config.may_send(Path::new(file)), sent, "{file}");
    }
    let over = load(&text, &[("HEAL_LLM_MAX_COST_USD", "2")]).unwrap().unwrap();
    assert_eq!(over.max_cost_usd, Some(2.0));
}

#[test]
fn variables_price_the_model_that_they_name() {
    let prices = [("HEAL_LLM_PRICE_INPUT", "0.5"), ("HEAL_LLM_PRICE_OUTPUT", "2"), ("HEAL_LLM_MODEL", "m")];
    let config = load(FILE, &prices).unwrap().unwrap();
    assert_eq!(config.committee[0].price, Some(Price { input: 0.5, output: 2.0 }));
    check_error(FILE, &prices[..1], "HEAL_LLM_PRICE_INPUT: needs HEAL_LLM_PRICE_OUTPUT beside it");
    check_error(FILE, &prices[1..], "HEAL_LLM_PRICE_OUTPUT: needs HEAL_LLM_PRICE_INPUT beside it");
}

#[test]
fn mistakes_are_told_with_their_place() {
    let no_model = "no model is named: set HEAL_LLM_MODEL or llm.model";
    check_error("", &[("HEAL_LLM_BASE_URL", "http://a")], no_model);
    check_error("[llm]\nbase_url = 'http://a'", &[], no_model);
    let no_endpoint = "a model is named, and no endpoint: set HEAL_LLM_BASE_URL or llm.base_url";
    check_error("", &[("HEAL_LLM_MODEL", "m")], no_endpoint);
    check_error("[llm.committee.a]\nmodel = 'm'", &[], no_endpoint);
    let url = "must be a URL such as https://api.openai.com/v1, without user, query and fragment";
    check_error("", &[("HEAL_LLM_BASE_URL", "http://u:p@a")], &format!("HEAL_LLM_BASE_URL: {url}"));
    check_error("", &[("OPENAI_BASE_URL", "ftp://a")], &format!("OPENAI_BASE_URL: {url}"));
    let key = "HEAL_LLM_API_KEY: holds a blank or a letter that no header can carry";
    check_error(FILE, &[("HEAL_LLM_API_KEY", "a b")], key);
    check_error(FILE, &[("HEAL_LLM_MODEL", "a b")], "HEAL_LLM_MODEL: must be a model's name without blanks, not `a b`");
    let dollars = "HEAL_LLM_MAX_COST_USD: must be a number from 0 to 10000, not `NaN`";
    check_error(FILE, &[("HEAL_LLM_MAX_COST_USD", "NaN")], dollars);
    for (text, message) in [
        ("[llm]\nmodle = 'm'", "line 2, column 1: unknown key `modle` in [llm]; did you mean `model`?"),
        ("[llm]\nsamples = 9", "line 2, column 11: `llm.samples` must be a whole number from 1 to 8, not `9`"),
        ("[llm]\ntemperature = 2.5", "line 2, column 15: `llm.temperature` must be a number from 0 to 2, not `2.5`"),
        (
            "[llm]\nmax_cost_usd = inf",
            "line 2, column 16: `llm.max_cost_usd` must be a number from 0 to 10000, not `inf`",
        ),
        ("[llm]\nformat = 'jsn'", "line 2, column 10: unknown value `jsn` for `llm.format`; did you mean `json`?"),
        (
            "[llm]\nmodels = ['a', 'b c']",
            "line 2, column 16: `llm.models` must be a model's name without blanks, not `b c`",
        ),
        (
            "[llm]\ndeny_paths = ['a', '../b']",
            "line 2, column 20: pattern `../b` holds `.` or `..` as a part; it starts at the root of the repository",
        ),
        ("[llm.prices.'gpt-4.1']\ninput = 1", "line 1, column 1: `llm.prices.gpt-4.1.output` is missing"),
        ("[llm.committee.a]\nbase_url = 'http://a'", "line 1, column 1: `llm.committee.a.model` is missing"),
        ("[llm.committee.a]\nmodel = 'm'\napi_key = 'k'", "line 1, column 1: `llm.committee.a.base_url` is missing"),
        (
            "[llm.committee.'a b']\nmodel = 'm'",
            "line 1, column 1: a member's name has letters, digits, `-` and `_`, not `a b`",
        ),
        ("[llm]\napi_key = 'env:GONE'", "line 2, column 11: `llm.api_key`: the environment variable `GONE` is not set"),
    ] {
        check_error(text, &[], &format!("/etc/heal/heal.toml: {message}"));
    }
}

#[test]
fn keys_are_not_printed() {
    let text = format!("{FILE}[llm.committee.b]\nmodel = 'b'\nbase_url = 'http://b'\napi_key = 'hush'");
    let printed = format!("{:?}", load(&text, OPENAI).unwrap());
    assert!(!printed.contains("hush") && !printed.contains("\"file\"") && !printed.contains("\"sk\""), "{printed}");
}
