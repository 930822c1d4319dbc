// Keeps candidates from harming the warm process, and undoes what they leave behind.
//
// In: the beginning and the end of a candidate. Out: the reason why it failed, when it did so outside
// of a test (a rejected promise that nobody handled, an exit). What can't be undone (a changed
// prototype) is caught by the cold confirmation.

import { mock } from 'node:test';

/** Thrown instead of leaving the process. */
class Exit extends Error {}

export class Guard {
  #handles = new Set();
  #complaint = null;
  #onComplaint = () => {};
  #real = {};

  constructor() {
    const complain = (error) => this.#complain(error);
    process.on('unhandledRejection', complain);
    process.on('uncaughtException', complain);
    for (const name of ['exit', 'reallyExit', 'abort', 'kill']) {
      this.#real[name] = process[name].bind(process);
      process[name] = () => {
        const error = new Exit(`process.${name}() was called`);
        this.#complain(error);
        throw error;
      };
    }
    const silent = (_chunk, encoding, callback) => {
      const done = typeof encoding === 'function' ? encoding : callback;
      if (done) queueMicrotask(done);
      return true;
    };
    process.stdout.write = silent;
    process.stderr.write = silent;
    this.#wrapTimers();
    this.environment = { ...process.env };
    this.directory = process.cwd();
    this.globals = new Set(Reflect.ownKeys(globalThis));
    this.listeners = new Map();
  }

  /** Ends the process for real. */
  exit() {
    this.#real.exit(0);
  }

  /** A candidate begins; `onComplaint` is called when it fails outside of a test. */
  begin(onComplaint) {
    this.#complaint = null;
    this.#onComplaint = onComplaint;
    this.listeners = new Map(process.eventNames().map((name) => [name, new Set(process.listeners(name))]));
  }

  /** A candidate has ended; returns its complaint. */
  end() {
    this.#onComplaint = () => {};
    for (const handle of this.#handles) {
      this.#real.clearTimeout(handle);
      this.#real.clearImmediate(handle);
    }
    this.#handles.clear();
    mock.timers?.reset?.();
    mock.reset();
    this.#restore();
    return this.#complaint;
  }

  #complain(error) {
    this.#complaint ??= error ?? new Error('failed without a reason');
    this.#onComplaint(this.#complaint);
  }

  #wrapTimers() {
    for (const name of ['setTimeout', 'setInterval', 'setImmediate']) {
      const real = globalThis[name];
      this.#real[name] = real;
      const wrapped = (...args) => {
        const handle = real(...args);
        this.#handles.add(handle);
        return handle;
      };
      // `util.promisify(setTimeout)` looks its promise form up on the function.
      for (const key of Object.getOwnPropertySymbols(real)) {
        Object.defineProperty(wrapped, key, Object.getOwnPropertyDescriptor(real, key));
      }
      globalThis[name] = wrapped;
    }
    this.#real.clearTimeout = clearTimeout;
    this.#real.clearImmediate = clearImmediate;
    this.timers = { setTimeout: globalThis.setTimeout, setInterval: globalThis.setInterval, setImmediate: globalThis.setImmediate };
  }

  #restore() {
    Object.assign(globalThis, this.timers);
    for (const name of Object.keys(process.env)) if (!(name in this.environment)) delete process.env[name];
    for (const [name, value] of Object.entries(this.environment)) if (process.env[name] !== value) process.env[name] = value;
    if (process.cwd() !== this.directory) process.chdir(this.directory);
    for (const key of Reflect.ownKeys(globalThis)) if (!this.globals.has(key)) delete globalThis[key];
    for (const name of process.eventNames()) {
      for (const listener of process.listeners(name)) {
        if (!this.listeners.get(name)?.has(listener)) process.removeListener(name, listener);
      }
    }
  }
}
