// Starts emulate's GitHub and prints {"url", "privateKey"} as one line; ends when stdin closes, so that it
// never outlives the test process.
//
// emulate does the API. Next to it stand a few routes under /_world, which reach into its store: they make a
// world (users, an App, its installation), carry raw git objects in and out, and keep what emulate forgets
// (pull requests follow their branches, check runs of Actions have a suite of their own).

import { createEmulator } from "emulate";
import { getGitHubStore, githubPlugin, seedFromConfig } from "./node_modules/emulate/dist/dist-PJSQGLE7.js";
import { exportObjects, importObjects, setRef } from "./git.mjs";

const ACTIONS_APP = 15368;
const port = Number(process.argv[2]);
const baseUrl = process.argv[3];
let privateKey;

const register = githubPlugin.register;
githubPlugin.register = (app, store, webhooks, url, tokens) => {
  register(app, store, webhooks, url, tokens);
  addRoutes(app, store, url, tokens);
};

function addRoutes(app, store, url, tokens) {
  const gh = getGitHubStore(store);
  const repository = (fullName) => {
    const repo = gh.repos.findOneBy("full_name", fullName);
    if (!repo) throw new Error(`no repository ${fullName}`);
    return repo;
  };
  const route = (path, answer) =>
    app.post(`/_world/${path}`, async (c) => {
      try {
        return c.json(answer(await c.req.json()) ?? {});
      } catch (error) {
        return c.json({ error: String(error?.stack ?? error) }, 599);
      }
    });

  route("worlds", ({ users, app: seed }) => {
    seedFromConfig(store, url, { users, apps: [{ ...seed, private_key: privateKey }] });
    for (const { login, token } of users) {
      tokens.set(token, { login, id: gh.users.findOneBy("login", login).id, scopes: ["repo", "user"] });
    }
  });

  route("repositories", ({ owner, name, fork_of, ...more }) => {
    seedFromConfig(store, url, { repos: [{ owner, name, auto_init: false, ...more }] });
    const repo = repository(`${owner}/${name}`);
    if (fork_of) gh.repos.update(repo.id, { fork: true, forked_from_id: repository(fork_of).id });
  });

  // Objects and refs that came by git.
  route("import", ({ repository: name, objects, refs }) => {
    const repo = repository(name);
    importObjects(gh, repo, objects);
    for (const { ref, sha } of refs) setRef(gh, repo, ref, sha);
    return followBranches(gh, repo);
  });

  // Refs, and the objects below them that git has not seen.
  route("export", ({ repository: name, have }) => {
    const repo = repository(name);
    const refs = gh.refs.findBy("repo_id", repo.id).map(({ ref, sha }) => ({ ref, sha }));
    return { refs, objects: exportObjects(gh, repo, refs, new Set(have)), ...followBranches(gh, repo) };
  });

  // A pull request whose merge commit git has made.
  route("merged", ({ repository: name, number, sha, login }) => {
    const repo = repository(name);
    const at = new Date().toISOString();
    const closed = { state: "closed", closed_at: at, closed_by_id: gh.users.findOneBy("login", login)?.id ?? null };
    const find = (rows) => rows.findBy("repo_id", repo.id).find((row) => row.number === number);
    gh.issues.update(find(gh.issues).id, closed);
    const merge = { merged: true, merged_at: at, merged_by_id: closed.closed_by_id, merge_commit_sha: sha, mergeable: null };
    gh.pullRequests.update(find(gh.pullRequests).id, { state: "closed", closed_at: at, ...merge });
  });

  route("check-suites", ({ repository: name, head_sha, head_branch }) => {
    const row = { node_id: "", repo_id: repository(name).id, head_branch, head_sha, before: "", after: head_sha };
    return { id: gh.checkSuites.insert({ ...row, status: "queued", conclusion: null, app_id: ACTIONS_APP }).id };
  });

  const insertCheckRun = gh.checkRuns.insert.bind(gh.checkRuns);
  route("check-runs", ({ repository: name, id, suite, ...fields }) => {
    const repo = repository(name);
    const output = { title: null, summary: null, text: null, annotations_count: 0 };
    const run = id
      ? gh.checkRuns.update(id, fields)
      : insertCheckRun({
          node_id: "", repo_id: repo.id, check_suite_id: suite, external_id: "", output, annotations: [],
          actions: [], details_url: null, started_at: null, completed_at: null, conclusion: null, ...fields,
        });
    const runs = gh.checkRuns.findBy("repo_id", repo.id).filter((other) => other.check_suite_id === suite);
    const done = runs.every((other) => other.status === "completed");
    const bad = runs.some((other) => !["success", "skipped", "neutral"].includes(other.conclusion));
    gh.checkSuites.update(suite, {
      status: done ? "completed" : "in_progress",
      conclusion: done ? (bad ? "failure" : "success") : null,
    });
    return { id: run.id };
  });

  // A comment of a review stands on a line; emulate takes it as a position (the proxy gives the line there).
  const insertComment = gh.comments.insert.bind(gh.comments);
  gh.comments.insert = (row) => insertComment(row.review_id && row.line === null ? { ...row, line: row.position } : row);

  // emulate has one suite per commit; GitHub has one per App and commit.
  gh.checkRuns.insert = (row) => {
    const suite = gh.checkSuites.get(row.check_suite_id);
    if (suite?.app_id !== ACTIONS_APP) return insertCheckRun(row);
    const own = gh.checkSuites.findBy("head_sha", suite.head_sha).find((other) => other.app_id !== ACTIONS_APP);
    const { id, created_at, updated_at, ...copy } = suite;
    return insertCheckRun({ ...row, check_suite_id: (own ?? gh.checkSuites.insert({ ...copy, app_id: null })).id });
  };
}

// emulate writes a pull request's commits down once; on GitHub they follow the branches.
function followBranches(gh, repo) {
  const tip = (id, name) => gh.branches.findBy("repo_id", id).find((branch) => branch.name === name)?.sha;
  const moved = [];
  const closed = [];
  for (const pull of gh.pullRequests.all()) {
    if (pull.state !== "open" || (pull.head_repo_id !== repo.id && pull.base_repo_id !== repo.id)) continue;
    const head = tip(pull.head_repo_id, pull.head_ref);
    const base = tip(pull.base_repo_id, pull.base_ref);
    if (!head) {
      const now = { state: "closed", closed_at: new Date().toISOString() };
      gh.pullRequests.update(pull.id, now);
      const issue = gh.issues.findBy("repo_id", pull.repo_id).find((row) => row.number === pull.number);
      if (issue) gh.issues.update(issue.id, now);
      closed.push({ repository: gh.repos.get(pull.repo_id).full_name, number: pull.number });
      continue;
    }
    if (head !== pull.head_sha) {
      moved.push({ repository: gh.repos.get(pull.repo_id).full_name, number: pull.number, before: pull.head_sha });
    }
    gh.pullRequests.update(pull.id, { head_sha: head, base_sha: base ?? pull.base_sha });
  }
  return { moved, closed };
}

// The only App of the seed is there for its key; the Apps of the worlds share it.
const maker = { app_id: 1, slug: "key-maker", name: "key maker" };
const emulator = await createEmulator({ service: "github", port, baseUrl, seed: { tokens: {}, github: { apps: [maker] } } });
privateKey = emulator.generatedSecrets[0].value;
process.stdin.resume();
process.stdin.on("close", () => process.exit(0));
process.stdin.on("end", () => process.exit(0));
console.log(JSON.stringify({ url: `http://127.0.0.1:${port}`, privateKey }));
