//! Check runs and commit statuses.

use serde::Serialize;
use serde_json::json;

use super::call::{Call, segments};
use super::error::GithubError;
use super::repository::{RepositoryClient, fitted, missing_is_none};
use super::types::{CheckRun, CheckRuns, CombinedStatus};

/// GitHub's limit for a check's summary and text, in characters; bytes are on the safe side.
const TEXT_BYTES: usize = 65_535;
/// GitHub's limit for a check's title.
const TITLE_BYTES: usize = 255;

/// What a check says.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CheckRunOutput {
    /// The headline.
    pub title: String,
    /// In short, Markdown.
    pub summary: String,
    /// At length, Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Notes on lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<CheckAnnotation>,
}

/// A note on a line of a file.
#[derive(Clone, Debug, Serialize)]
pub struct CheckAnnotation {
    path: String,
    start_line: u32,
    end_line: u32,
    annotation_level: &'static str,
    message: String,
}

impl CheckAnnotation {
    /// A note that says why the check fails.
    pub fn failure(path: &str, line: u32, message: &str) -> Self {
        CheckAnnotation {
            path: path.to_owned(),
            start_line: line,
            end_line: line,
            annotation_level: "failure",
            message: message.to_owned(),
        }
    }
}

impl CheckRunOutput {
    fn fitted(&self) -> Self {
        CheckRunOutput {
            title: fitted(&self.title, TITLE_BYTES),
            summary: fitted(&self.summary, TEXT_BYTES),
            text: self.text.as_ref().map(|text| fitted(text, TEXT_BYTES)),
            annotations: self.annotations.clone(),
        }
    }
}

/// A check to make.
#[derive(Clone, Debug, Default)]
pub struct NewCheckRun {
    /// Its name.
    pub name: String,
    /// The commit.
    pub head_sha: String,
    /// The rest.
    pub update: CheckRunUpdate,
}

/// What is to be said about a check. What is `None` stays as it is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CheckRunUpdate {
    /// `queued`, `in_progress` or `completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// `success`, `failure`, `neutral`, …; completes the check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<String>,
    /// What heal knows it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details_url: Option<String>,
    /// What it says; texts are cut to GitHub's limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<CheckRunOutput>,
}

impl CheckRunUpdate {
    fn body(&self) -> serde_json::Value {
        let update = CheckRunUpdate { output: self.output.as_ref().map(CheckRunOutput::fitted), ..self.clone() };
        json!(update)
    }
}

impl RepositoryClient {
    /// The last check runs on a commit.
    pub async fn check_runs(&self, reference: &str) -> Result<Vec<CheckRun>, GithubError> {
        let call = Call::get("list_check_runs", self.path(&format!("/commits/{}/check-runs", segments(reference))));
        self.read_pages(call, |page: CheckRuns| page.check_runs).await
    }

    /// One check run.
    pub async fn check_run(&self, id: u64) -> Result<CheckRun, GithubError> {
        self.read(Call::get("get_check_run", self.path(&format!("/check-runs/{id}")))).await
    }

    /// Makes a check. Look for it first: this is not sent twice.
    pub async fn create_check_run(&self, check: &NewCheckRun) -> Result<CheckRun, GithubError> {
        let mut body = check.update.body();
        body["name"] = json!(check.name);
        body["head_sha"] = json!(check.head_sha);
        self.write(Call::post("create_check_run", self.path("/check-runs"), body)).await
    }

    /// Changes a check that this App has made.
    pub async fn update_check_run(&self, id: u64, update: &CheckRunUpdate) -> Result<CheckRun, GithubError> {
        self.write(Call::patch("update_check_run", self.path(&format!("/check-runs/{id}")), update.body())).await
    }

    /// The statuses of a commit; empty when GitHub does not know the commit.
    pub async fn combined_status(&self, reference: &str) -> Result<CombinedStatus, GithubError> {
        let path = self.path(&format!("/commits/{}/status", segments(reference)));
        let call = Call::get("get_combined_status", path).with("per_page", 100);
        Ok(missing_is_none(self.read(call).await)?.unwrap_or_default())
    }
}
