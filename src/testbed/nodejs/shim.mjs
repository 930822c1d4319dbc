// A stand-in for `node:test` inside the warm server: the real one can run a file only once per
// process.
//
// In: the calls of a test file (test, describe, hooks, mocks). Out: a tree that `run` executes in
// the order of registration, one test at a time. It covers what test files commonly use; where it
// differs from the real runner the first comparison of both shows it and heal does without.

import { mock } from 'node:test';
import assert from 'node:assert';

const CALL_FORMS = ['skip', 'todo', 'only'];

class Node {
  constructor(kind, name, options, body, parent) {
    Object.assign(this, { kind, name, options, body, parent });
    this.children = [];
    this.hooks = { before: [], after: [], beforeEach: [], afterEach: [] };
  }

  get path() {
    return this.parent ? [...this.parent.path, this.name] : [];
  }

  get isLeftOut() {
    return Boolean(this.options.skip || this.options.todo || this.parent?.isLeftOut);
  }
}

/** Thrown when a test asks to be left out while it runs. */
class LeftOut extends Error {}

export class Shim {
  /** `onResult({ path, outcome, error, durationMs })` is called for each test; `wants(path)` says
   *  which tests are run; `stopped()` ends the run early. */
  constructor({ onResult, wants, stopped }) {
    Object.assign(this, { onResult, wants, stopped });
    this.root = new Node('root', '', {}, null, null);
    this.current = this.root;
    this.api = this.#makeApi();
  }

  /** The exports of `node:test`. */
  #makeApi() {
    const test = this.#registrar('test');
    const describe = this.#registrar('suite');
    const hook = (name) => (body, options) => this.current.hooks[name].push({ body, options });
    const api = { test, it: test, describe, suite: describe, mock, assert, run: () => { throw new Error('run() is not served'); } };
    for (const name of ['before', 'after', 'beforeEach', 'afterEach']) api[name] = hook(name);
    for (const form of CALL_FORMS) api[form] = test[form];
    Object.assign(test, api, { default: test });
    return test;
  }

  #registrar(kind) {
    const register = (extra) => (...args) => {
      const { name, options, body } = parseCall(args, extra);
      this.current.children.push(new Node(kind, name, options, body, this.current));
      return Promise.resolve();
    };
    const call = register({});
    for (const form of CALL_FORMS) call[form] = register({ [form]: true });
    return call;
  }

  /** Runs what the file has registered. */
  async run() {
    await this.#openSuites(this.root);
    await this.#runChildren(this.root);
  }

  /** Calls the bodies of suites, which register what is in them. */
  async #openSuites(node) {
    for (const child of node.children.filter((child) => child.kind === 'suite')) {
      if (child.isLeftOut) continue;
      this.current = child;
      try {
        await child.body?.({ name: child.name });
      } catch (error) {
        child.failure = error;
      }
      this.current = child.parent;
      await this.#openSuites(child);
    }
  }

  async #runChildren(node) {
    const wanted = node.children.filter((child) => this.#isWanted(child));
    if (wanted.length === 0) return;
    try {
      for (const { body } of node.hooks.before) await call(body, [{}]);
    } catch (error) {
      for (const child of wanted) this.#tell(child, 'failed', error, 0);
      return;
    }
    for (const child of wanted) {
      if (this.stopped()) break;
      await (child.kind === 'suite' ? this.#runSuite(child) : this.#runTest(child));
    }
    for (const { body } of node.hooks.after) {
      try {
        await call(body, [{}]);
      } catch (error) {
        if (node.parent) this.#tell(node, 'failed', error, 0);
      }
    }
  }

  #isWanted(node) {
    return node.kind === 'suite'
      ? node.failure !== undefined || node.children.some((child) => this.#isWanted(child))
      : this.wants(node.path);
  }

  async #runSuite(suite) {
    if (suite.failure !== undefined) this.#tell(suite, 'failed', suite.failure, 0);
    else await this.#runChildren(suite);
  }

  async #runTest(test) {
    if (test.isLeftOut || !test.body) {
      this.#tell(test, test.isLeftOut ? 'skipped' : 'passed', undefined, 0);
      return;
    }
    const started = performance.now();
    const context = this.#context(test);
    let outcome = 'passed';
    let error;
    try {
      await this.#eachHook(test, 'beforeEach', context);
      await call(test.body, [context], test.options.timeout);
      context.checkPlan();
      for (const subtest of context.pending) await subtest;
      if (context.failedSubtest) throw context.failedSubtest;
    } catch (thrown) {
      outcome = thrown instanceof LeftOut ? 'skipped' : 'failed';
      error = thrown ?? new Error(`threw ${thrown}`);
    }
    for (const { body } of [...test.hooks.after, ...this.#hooksAround(test, 'afterEach')]) {
      try {
        await call(body, [context]);
      } catch (thrown) {
        [outcome, error] = outcome === 'failed' ? [outcome, error] : ['failed', thrown];
      }
    }
    context.mock.reset?.();
    this.#tell(test, outcome, outcome === 'failed' ? error : undefined, performance.now() - started);
  }

  async #eachHook(test, name, context) {
    for (const { body } of this.#hooksAround(test, name)) await call(body, [context]);
  }

  /** Hooks of the suites around a test, outermost first. */
  #hooksAround(test, name) {
    const found = [];
    for (let node = test.parent; node; node = node.parent) found.unshift(...node.hooks[name]);
    return found;
  }

  /** The `t` of a test. */
  #context(test) {
    const controller = new AbortController();
    let planned = null;
    let assertions = 0;
    const counting = new Proxy(assert, {
      get: (target, name) => {
        const original = target[name];
        if (typeof original !== 'function') return original;
        return (...args) => {
          assertions += 1;
          return original(...args);
        };
      },
    });
    const subtest = (extra) => (...args) => {
      const { name, options, body } = parseCall(args, extra);
      const node = new Node('test', name, options, body, test);
      assertions += 1;
      const running = this.wants(node.path) || this.wants(test.path) ? this.#runSubtest(node, context) : Promise.resolve();
      context.pending.push(running);
      return running;
    };
    const context = {
      name: test.name,
      fullName: test.path.join(' > '),
      signal: controller.signal,
      mock,
      assert: counting,
      pending: [],
      failedSubtest: null,
      test: subtest({}),
      diagnostic() {},
      plan(count) { planned = count; },
      skip() { throw new LeftOut('skipped'); },
      todo() {},
      runOnly() {},
      checkPlan() {
        if (planned !== null && planned !== assertions) throw new Error(`plan expected ${planned} assertions but received ${assertions}`);
      },
    };
    for (const form of CALL_FORMS) context.test[form] = subtest({ [form]: true });
    for (const name of ['before', 'after', 'beforeEach', 'afterEach']) {
      context[name] = (body, options) => {
        if (name === 'before') return call(body, [context]);
        test.hooks[name].push({ body, options });
      };
    }
    return context;
  }

  async #runSubtest(node, parentContext) {
    // `beforeEach` of the parent test reaches its subtests through the same chain of parents.
    const before = this.onResult;
    let failed = null;
    this.onResult = (found) => {
      if (found.outcome === 'failed') failed ??= found.error;
      before(found);
    };
    try {
      await this.#runTest(node);
    } finally {
      this.onResult = before;
    }
    if (failed) parentContext.failedSubtest ??= Object.assign(new Error('1 subtest failed'), { cause: failed });
  }

  #tell(node, outcome, error, durationMs) {
    this.onResult({ path: node.path, outcome, error, durationMs });
  }
}

/** `(name?, options?, body?)` in all its forms. */
function parseCall(args, extra) {
  const body = args.find((arg) => typeof arg === 'function');
  const options = args.find((arg) => typeof arg === 'object' && arg !== null) ?? {};
  const name = typeof args[0] === 'string' ? args[0] : body?.name || '<anonymous>';
  return { name, options: { ...options, ...extra }, body };
}

/** Calls a body that may be synchronous, return a promise, or take a `done` callback. */
async function call(body, args, timeout) {
  if (!body) return;
  const running = body.length > args.length
    ? new Promise((resolve, reject) => {
        const returned = body(...args, (error) => (error ? reject(error) : resolve()));
        if (typeof returned?.then === 'function') returned.then(null, reject);
      })
    : body(...args);
  if (timeout === undefined || timeout === Infinity) {
    await running;
    return;
  }
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`test timed out after ${timeout}ms`)), timeout);
  });
  try {
    await Promise.race([running, late]);
  } finally {
    clearTimeout(timer);
  }
}
