// The warm server: has the project loaded and answers for a candidate in about a millisecond.
//
// In: JSON lines on standard input: `init` (root, cwd, test files, preloads), then `check` (edited
// texts, tests to run, time limit), `stop`. Out: one JSON line each: `ready` with every test's result
// and coverage, then the outcome of each candidate. A candidate that blocks the event loop is not this
// file's business: heal kills the process and starts another.

import { writeSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { createRequire } from 'node:module';

import { Coverage } from './coverage.mjs';
import { Guard } from './guard.mjs';
import { ProjectModules, SharedCache } from './loader.mjs';
import { UniqueIds, result, testId } from './results.mjs';
import { Shim } from './shim.mjs';
import { Transpiler } from './transpile.mjs';

/** After so many candidates the process asks to be replaced: evaluated modules leave traces. */
const RECYCLE_AFTER = 5000;
const RECYCLE_HEAP_BYTES = 400 * 1024 * 1024;
const HEAP_CHECK_EVERY = 100;

const realSetTimeout = setTimeout;
const realClearTimeout = clearTimeout;

class Server {
  served = 0;

  async init({ root, cwd, files, imports, coverage, timeout_ms: timeoutMs }) {
    process.chdir(cwd);
    this.cwd = cwd;
    this.shared = new SharedCache(root, new Transpiler(root));
    this.guard = new Guard();
    this.files = files.map((file) => (isAbsolute(file) ? file : resolve(root, file)));
    this.fileOf = new Map();
    await this.#preload(imports ?? []);
    const ready = { event: 'ready', tests: [], coverage: [], files: [], error: null };
    const perTest = coverage ? new Coverage(this.shared) : null;
    const loaded = new Set();
    const onTest = (found) => {
      ready.tests.push(found);
      if (perTest) ready.coverage.push({ id: found.id, files: perTest.take() });
    };
    const onLoaded = () => {
      if (perTest) ready.coverage.push({ id: '<import>', files: perTest.take() });
    };
    const work = this.#runFiles(this.files, new Map(), { wants: () => true, stopped: () => false, onTest, onLoaded, loaded });
    if ((await limited(work, timeoutMs)) === 'timeout') ready.error = 'the tests did not end in time';
    perTest?.stop();
    for (const test of ready.tests) this.fileOf.set(test.id, test.file);
    ready.files = [...loaded].map((path) => relative(root, path));
    return ready;
  }

  async check({ id, edits, tests, timeout_ms: timeoutMs, stop_on_fail: stopOnFail }) {
    const started = performance.now();
    const texts = new Map(edits.map(({ file, text }) => [resolve(this.shared.root, file), text]));
    const passed = [];
    const failed = [];
    let message = null;
    let over = false;
    const requested = new Set(tests);
    const all = requested.size === 0;
    const wants = (testIdentity) => all || requested.has(testIdentity) || tests.some((test) => test.startsWith(`${testIdentity} > `));
    const onTest = (found) => {
      if (!all && !requested.has(found.id)) return;
      if (found.outcome === 'passed') passed.push(found.id);
      else if (found.outcome === 'failed' || !all) {
        failed.push(found.id);
        message ??= found.message ?? found.outcome;
        over ||= stopOnFail;
      }
    };
    const files = all ? this.files : [...new Set(tests.map((test) => this.fileOf.get(test)).filter(Boolean))];
    const ordered = this.files.filter((file) => files.includes(file));
    const options = { wants, stopped: () => over, onTest, onLoaded() {}, loaded: new Set() };
    const outcome = await limited(this.#runFiles(ordered, texts, options), timeoutMs);
    over = true;
    const missing = all ? [] : tests.filter((test) => !passed.includes(test) && !failed.includes(test));
    const good = outcome === 'done' && failed.length === 0 && missing.length === 0 && passed.length > 0;
    this.served += 1;
    return {
      id,
      outcome: outcome === 'timeout' ? 'timeout' : good ? 'passed' : 'failed',
      failed: [...failed, ...missing],
      passed,
      message: message?.slice(0, 500) ?? null,
      ms: performance.now() - started,
      recycle: this.#isWorn(outcome),
    };
  }

  /** A promise that never settles may still be running: what it does later must not meet others. */
  #isWorn(outcome) {
    if (outcome === 'timeout' || this.served >= RECYCLE_AFTER) return true;
    return this.served % HEAP_CHECK_EVERY === 0 && process.memoryUsage().heapUsed > RECYCLE_HEAP_BYTES;
  }

  async #runFiles(files, edits, options) {
    const ids = new UniqueIds();
    for (const file of files) {
      if (options.stopped()) return;
      await this.#runFile(file, edits, ids, options);
    }
  }

  async #runFile(file, edits, ids, { wants, stopped, onTest, onLoaded, loaded }) {
    const tell = (path, outcome, error, durationMs) => {
      onTest(result(ids.next(testId(this.cwd, file, path)), file, outcome, durationMs, error, this.shared.mapLine));
    };
    const shim = new Shim({
      wants: (path) => wants(testId(this.cwd, file, path)),
      stopped,
      onResult: ({ path, outcome, error, durationMs }) => tell(path, outcome, error, durationMs),
    });
    let ended = false;
    const complained = new Promise((_, reject) => {
      this.guard.begin((error) => { if (!ended) reject(error); });
    });
    complained.catch(() => {});
    const modules = new ProjectModules(this.shared, edits, shim.api);
    try {
      await Promise.race([modules.run(file), complained]);
      onLoaded();
      await Promise.race([shim.run(), complained]);
      // Rejections that nobody handled are reported after the microtasks of the test.
      await new Promise((done) => setImmediate(done));
    } catch (error) {
      tell([], 'failed', error, 0);
    }
    ended = true;
    const complaint = this.guard.end();
    if (complaint) tell([], 'failed', complaint, 0);
    for (const path of [...modules.loaded, ...modules.esm.keys()]) loaded.add(path);
  }

  async #preload(specifiers) {
    const from = `${this.cwd}/package.json`;
    for (const specifier of specifiers) {
      // Loaders of TypeScript are what our own loader replaces.
      if (/^(?:tsx|ts-node|@swc-node|esbuild-register)(?:\/|$)/.test(specifier)) continue;
      const target = /^[./]/.test(specifier) ? resolve(this.cwd, specifier) : createRequire(from).resolve(specifier);
      await import(pathToFileURL(target).href);
    }
  }
}

/** `'done'`, or `'timeout'` when the work takes longer. */
async function limited(work, timeoutMs) {
  let timer;
  const late = new Promise((done) => { timer = realSetTimeout(() => done('timeout'), timeoutMs); });
  const outcome = await Promise.race([work.then(() => 'done'), late]);
  realClearTimeout(timer);
  return outcome;
}

function send(object) {
  const bytes = Buffer.from(`${JSON.stringify(object)}\n`);
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += writeSync(1, bytes, offset);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

async function main() {
  const server = new Server();
  for await (const line of createInterface({ input: process.stdin, terminal: false })) {
    const request = JSON.parse(line);
    if (request.op === 'init') {
      try {
        send(await server.init(request));
      } catch (error) {
        send({ event: 'ready', tests: [], coverage: [], files: [], error: String(error?.stack ?? error).slice(0, 2000) });
      }
    } else if (request.op === 'check') {
      send(await server.check(request));
    } else {
      break;
    }
  }
  server.guard?.exit();
}

main();
