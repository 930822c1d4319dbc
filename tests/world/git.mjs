// Raw git objects in and out of emulate's store. emulate keeps commits, trees and blobs as rows under their real
// SHAs; what git wrote comes in byte by byte, what the Git Data API wrote goes out byte by byte.

const text = (bytes) => {
  const string = bytes.toString("utf8");
  return !string.includes("\0") && Buffer.from(string, "utf8").equals(bytes) ? string : null;
};

const inRepo = (collection, repo, sha) => collection.findBy("sha", sha).find((row) => row.repo_id === repo.id);

// "Name <mail> 1700000000 +0100" as the columns of a commit.
function identity(line, role) {
  const [, name, email, seconds, zone] = line.match(/^(.*) <(.*)> (\d+) ([+-]\d{4})$/);
  const minutes = (zone[0] === "-" ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3)));
  const local = new Date((Number(seconds) + minutes * 60) * 1000).toISOString().slice(0, 19);
  const date = minutes === 0 ? `${local}Z` : `${local}${zone.slice(0, 3)}:${zone.slice(3)}`;
  return { [`${role}_name`]: name, [`${role}_email`]: email, [`${role}_date`]: date };
}

function parseCommit(gh, bytes) {
  const raw = bytes.toString("utf8");
  const end = raw.indexOf("\n\n");
  const headers = raw.slice(0, end).split("\n");
  const of = (name) => headers.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  const author = identity(of("author")[0], "author");
  const user = gh.users.all().find((row) => row.email && row.email === author.author_email);
  return {
    message: raw.slice(end + 2).replace(/\n$/, ""),
    tree_sha: of("tree")[0],
    parent_shas: of("parent"),
    ...author,
    ...identity(of("committer")[0], "committer"),
    user_id: user?.id ?? null,
  };
}

function parseTree(gh, repo, bytes) {
  const entries = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at);
    const [mode, ...path] = bytes.subarray(at, end).toString("utf8").split(" ");
    const sha = bytes.subarray(end + 1, end + 21).toString("hex");
    const type = mode === "40000" ? "tree" : mode === "160000" ? "commit" : "blob";
    const size = type === "blob" ? inRepo(gh.blobs, repo, sha)?.size : undefined;
    entries.push({ path: path.join(" "), mode: mode.padStart(6, "0"), type, sha, ...(size === undefined ? {} : { size }) });
    at = end + 21;
  }
  return { tree: entries, truncated: false };
}

export function importObjects(gh, repo, objects) {
  const insert = (collection, sha, row) => {
    if (!inRepo(collection, repo, sha)) collection.insert({ repo_id: repo.id, sha, node_id: sha, ...row() });
  };
  const bytes = (object) => Buffer.from(object.content, "base64");
  for (const object of objects.filter(({ type }) => type === "blob")) {
    const content = bytes(object);
    const string = text(content);
    insert(gh.blobs, object.sha, () => ({
      content: string ?? content.toString("base64"),
      encoding: string === null ? "base64" : "utf-8",
      size: content.length,
    }));
  }
  for (const object of objects.filter(({ type }) => type === "tree")) {
    insert(gh.trees, object.sha, () => parseTree(gh, repo, bytes(object)));
  }
  for (const object of objects.filter(({ type }) => type === "commit")) {
    insert(gh.commits, object.sha, () => parseCommit(gh, bytes(object)));
  }
}

// Sets a ref; null deletes it.
export function setRef(gh, repo, ref, sha) {
  const row = gh.refs.findBy("repo_id", repo.id).find((other) => other.ref === ref);
  if (!sha) row && gh.refs.delete(row.id);
  else if (row) gh.refs.update(row.id, { sha });
  else gh.refs.insert({ repo_id: repo.id, ref, sha, node_id: ref });
  if (!ref.startsWith("refs/heads/")) return;
  const name = ref.slice("refs/heads/".length);
  const branch = gh.branches.findBy("repo_id", repo.id).find((other) => other.name === name);
  if (!sha) branch && gh.branches.delete(branch.id);
  else if (branch) gh.branches.update(branch.id, { sha });
  else gh.branches.insert({ repo_id: repo.id, name, sha, protected: false });
}

function gitDate(date) {
  const [, sign, hours, minutes] = date.match(/([+-])(\d{2}):?(\d{2})$/) ?? [null, "+", "00", "00"];
  return `${Math.floor(Date.parse(date) / 1000)} ${sign}${hours}${minutes}`;
}

function commitBytes(row) {
  const lines = [`tree ${row.tree_sha}`, ...row.parent_shas.map((sha) => `parent ${sha}`)];
  lines.push(`author ${row.author_name} <${row.author_email}> ${gitDate(row.author_date)}`);
  lines.push(`committer ${row.committer_name} <${row.committer_email}> ${gitDate(row.committer_date)}`);
  return Buffer.from(`${lines.join("\n")}\n\n${row.message}${row.message.endsWith("\n") ? "" : "\n"}`, "utf8");
}

function treeBytes(row) {
  const name = (entry) => Buffer.from(entry.type === "tree" ? `${entry.path}/` : entry.path, "utf8");
  const ordered = [...row.tree].sort((left, right) => Buffer.compare(name(left), name(right)));
  return Buffer.concat(
    ordered.flatMap((entry) => [
      Buffer.from(`${entry.mode.replace(/^0+/, "")} ${entry.path}\0`, "utf8"),
      Buffer.from(entry.sha, "hex"),
    ]),
  );
}

// Everything below the refs that is not in `have`, leaves first.
export function exportObjects(gh, repo, refs, have) {
  const objects = [];
  const add = (type, sha, content) => objects.push({ type, sha, content: content.toString("base64") });
  const tree = (sha) => {
    if (have.has(sha)) return;
    have.add(sha);
    const row = inRepo(gh.trees, repo, sha);
    for (const entry of row.tree) {
      if (entry.type === "tree") tree(entry.sha);
      if (entry.type !== "blob" || have.has(entry.sha)) continue;
      have.add(entry.sha);
      const blob = inRepo(gh.blobs, repo, entry.sha);
      add("blob", entry.sha, Buffer.from(blob.content, blob.encoding === "base64" ? "base64" : "utf8"));
    }
    add("tree", sha, treeBytes(row));
  };
  const commit = (sha) => {
    const row = have.has(sha) ? null : inRepo(gh.commits, repo, sha);
    if (!row) return;
    have.add(sha);
    row.parent_shas.forEach(commit);
    tree(row.tree_sha);
    add("commit", sha, commitBytes(row));
  };
  refs.forEach(({ sha }) => commit(sha));
  return objects;
}
