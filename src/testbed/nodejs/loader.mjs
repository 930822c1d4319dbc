// Loads the project's own modules afresh for every candidate, and everything else once.
//
// In: an entry file and edited texts. Out: the evaluated entry. ES modules are made with
// vm.SourceTextModule, CommonJS with vm.compileFunction, both in this process's own realm, so that
// `instanceof` and deep equality work across all of them. Packages and node's own modules come from
// the real loader and are shared by all candidates. Nothing is ever written.

import vm from 'node:vm';
import { readFileSync, statSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { dirname, extname, join, resolve as resolvePath } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { needsTranspiling } from './transpile.mjs';

const BUILTINS = new Set(builtinModules);
const EXTENSIONS = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.json'];
const MODULE_SYNTAX = /^\s*(?:import\s*[\w*{'"]|export\s+(?:default|const|let|var|function|class|async|type|interface|enum|\{|\*))/m;

/** What outlives a candidate: texts on disk, compiled code of unchanged files, packages. */
export class SharedCache {
  constructor(root, transpiler) {
    this.root = root;
    this.transpiler = transpiler;
    this.texts = new Map();
    this.sources = new Map();
    this.compiled = new Map();
    this.external = new Map();
    this.types = new Map();
    this.resolved = new Map();
    /** Original lines of generated ones, by file. */
    this.lines = new Map();
  }

  isProject(path) {
    return path.startsWith(`${this.root}/`) && !path.includes('/node_modules/');
  }

  text(path) {
    let text = this.texts.get(path);
    if (text === undefined) {
      text = readFileSync(path, 'utf8');
      this.texts.set(path, text);
    }
    return text;
  }

  mapLine = (file, line) => this.lines.get(file)?.[line - 1] ?? line;
}

/** One candidate's instances of the project's modules. */
export class ProjectModules {
  constructor(shared, edits, testApi) {
    Object.assign(this, { shared, edits, testApi });
    this.esm = new Map();
    this.cjs = new Map();
    this.loaded = new Set();
  }

  /** Loads and evaluates a test file. */
  async run(path) {
    if (await this.#isModule(path)) {
      const module = await this.#module(path);
      await this.#start(module);
    } else {
      await this.#prepareCommonJs(path);
      this.#require(path);
    }
  }

  async #start(module) {
    if (module.status === 'unlinked') await module.link(this.#link);
    await module.evaluate();
    return module;
  }

  #link = async (specifier, referrer) => this.#dependency(specifier, referrer.identifier);

  async #dependency(specifier, from) {
    const target = this.#resolve(specifier, from, 'import');
    if (target.builtin) return this.#builtin(target.builtin);
    if (!target.path || !this.shared.isProject(target.path)) return this.#external(target.url ?? pathToFileURL(target.path).href);
    if (target.path.endsWith('.json')) return this.#synthetic(target.path, { default: JSON.parse(this.#text(target.path)) });
    if (await this.#isModule(target.path)) return this.#module(target.path);
    await this.#prepareCommonJs(target.path);
    const exports = this.#require(target.path);
    return this.#synthetic(target.path, { ...named(exports), default: exports });
  }

  async #module(path) {
    const known = this.esm.get(path);
    if (known) return known;
    const making = this.#make(path);
    this.esm.set(path, making);
    return making;
  }

  async #make(path) {
    const source = await this.#source(path);
    const options = {
      identifier: path,
      initializeImportMeta: (meta) => {
        meta.url = pathToFileURL(path).href;
        meta.filename = path;
        meta.dirname = dirname(path);
        meta.resolve = (specifier) => {
          const target = this.#resolve(specifier, path, 'import');
          return target.url ?? (target.builtin ? `node:${target.builtin}` : pathToFileURL(target.path).href);
        };
      },
      importModuleDynamically: async (specifier) => this.#start(await this.#dependency(specifier, path)),
    };
    const cached = this.edits.has(path) ? undefined : this.shared.compiled.get(path);
    const module = new vm.SourceTextModule(source, cached ? { ...options, cachedData: cached } : options);
    if (!cached && !this.edits.has(path)) this.shared.compiled.set(path, module.createCachedData());
    return module;
  }

  #synthetic(identifier, exports) {
    const names = Object.keys(exports);
    return new vm.SyntheticModule(names, function setExports() {
      for (const name of names) this.setExport(name, exports[name]);
    }, { identifier });
  }

  #builtin(name) {
    if (name === 'test') return this.#synthetic('node:test', { ...named(this.testApi), default: this.testApi });
    return this.#external(`node:${name}`);
  }

  async #external(url) {
    let module = this.shared.external.get(url);
    if (!module) {
      module = this.#synthetic(url, { ...(await import(url)) });
      this.shared.external.set(url, module);
    }
    return module;
  }

  /** Transpiles, ahead of time, what a CommonJS file requires: requiring can't wait. */
  async #prepareCommonJs(path, seen = new Set()) {
    if (seen.has(path) || path.endsWith('.json')) return;
    seen.add(path);
    if (needsTranspiling(path)) await this.#source(path);
  }

  #require(path) {
    const known = this.cjs.get(path);
    if (known) return known.exports;
    this.loaded.add(path);
    const module = { exports: {}, id: path, filename: path, loaded: false, children: [], paths: [] };
    this.cjs.set(path, module);
    if (path.endsWith('.json')) {
      module.exports = JSON.parse(this.#text(path));
      return module.exports;
    }
    const text = (this.edits.get(path) ?? this.shared.sources.get(path) ?? this.#text(path)).replace(/^#!.*/, '');
    const body = vm.compileFunction(text, ['exports', 'require', 'module', '__filename', '__dirname'], {
      filename: path,
      importModuleDynamically: async (specifier) => this.#start(await this.#dependency(specifier, path)),
    });
    const require = (specifier) => this.#requireFrom(specifier, path);
    require.resolve = (specifier) => this.#resolve(specifier, path, 'require').path ?? specifier;
    require.cache = Object.create(null);
    require.main = undefined;
    body.call(module.exports, module.exports, require, module, path, dirname(path));
    module.loaded = true;
    return module.exports;
  }

  #requireFrom(specifier, from) {
    const target = this.#resolve(specifier, from, 'require');
    if (target.builtin === 'test') return this.testApi;
    if (target.path && this.shared.isProject(target.path)) return this.#require(target.path);
    return createRequire(from)(specifier);
  }

  #text(path) {
    return this.edits.get(path) ?? this.shared.text(path);
  }

  /** The JavaScript of a file, transpiled where it must be. */
  async #source(path) {
    this.loaded.add(path);
    const edited = this.edits.has(path);
    if (!needsTranspiling(path)) return this.#text(path);
    if (!edited && this.shared.sources.has(path)) return this.shared.sources.get(path);
    const { code, lines } = await this.shared.transpiler.transform(path, this.#text(path));
    if (!edited) {
      this.shared.sources.set(path, code);
      if (lines) this.shared.lines.set(path, lines);
    }
    return code;
  }

  async #isModule(path) {
    const extension = extname(path);
    if (extension === '.mjs' || extension === '.mts') return true;
    if (extension === '.cjs' || extension === '.cts') return false;
    const type = this.#packageType(dirname(path));
    if (type === 'module') return true;
    if (needsTranspiling(path)) return MODULE_SYNTAX.test(this.#text(path));
    return type === undefined && MODULE_SYNTAX.test(this.#text(path)) && !/\brequire\s*\(/.test(this.#text(path));
  }

  #packageType(directory) {
    if (this.shared.types.has(directory)) return this.shared.types.get(directory);
    let type;
    try {
      type = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')).type;
    } catch {
      const parent = dirname(directory);
      type = parent === directory ? undefined : this.#packageType(parent);
    }
    this.shared.types.set(directory, type);
    return type;
  }

  /** `{ builtin }`, `{ path }` of a file, or `{ url }` of something else. */
  #resolve(specifier, from, how) {
    const key = `${how}\0${from}\0${specifier}`;
    let target = this.shared.resolved.get(key);
    if (!target) {
      target = resolve(specifier, from, how);
      this.shared.resolved.set(key, target);
    }
    return target;
  }
}

function resolve(specifier, from, how) {
  const bare = specifier.startsWith('node:') ? specifier.slice(5) : specifier;
  if (specifier.startsWith('node:') || BUILTINS.has(specifier)) return { builtin: bare };
  if (/^(?:\.{1,2}\/|\/|\.{1,2}$)/.test(specifier)) return { path: resolveFile(resolvePath(dirname(from), specifier), specifier) };
  if (specifier.startsWith('file:')) return { path: fileURLToPath(specifier) };
  if (how === 'require') return { path: createRequire(from).resolve(specifier) };
  const url = import.meta.resolve(specifier, pathToFileURL(from).href);
  return url.startsWith('file:') ? { path: fileURLToPath(url), url } : { url };
}

/** A file by its exact name, as TypeScript means it (`./a.js` is `a.ts`), or as CommonJS guesses it. */
function resolveFile(path, specifier) {
  if (isFile(path)) return path;
  const typed = path.replace(/\.([mc]?)js(x?)$/, '.$1ts$2');
  const candidates = [typed, typed.replace(/\.ts$/, '.tsx'), ...EXTENSIONS.map((extension) => path + extension)];
  candidates.push(...EXTENSIONS.map((extension) => join(path, `index${extension}`)));
  const found = candidates.find(isFile);
  if (found) return found;
  const error = new Error(`Cannot find module '${specifier}'`);
  throw Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' });
}

function isFile(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The named exports that node would see on a CommonJS module's exports. */
function named(exports) {
  if (exports === null || (typeof exports !== 'object' && typeof exports !== 'function')) return {};
  const names = Object.keys(exports).filter((name) => name !== 'default');
  return Object.fromEntries(names.map((name) => [name, exports[name]]));
}
