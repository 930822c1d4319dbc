// Checks files without running them: `node --experimental-vm-modules syntax.mjs FILE…`, one JSON line about each file,
// in their order. `{file, by}` says that it is sound, `{file, line, message, text}` what is wrong (one line per
// fault), `{file, skipped}` or `{file, unanswered}` why nobody knows.
//
// Node itself checks JavaScript. The project's own compiler parses TypeScript and JSX, where it has one; what it makes
// of them is given to node again, which refuses what only binding shows (a name declared twice, `await` out of place).

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';

const LARGEST = 2 * 1024 * 1024;
const MOST_FAULTS = 20;

const say = (answer) => console.log(`HEAL-SYNTAX ${JSON.stringify(answer)}`);

// What V8 says of a text, or nothing. Only the compiler speaks here, so any error is about the text.
function refusal(compile, file) {
  try {
    compile();
    return undefined;
  } catch (error) {
    const head = String(error?.stack ?? '').split('\n').find((line) => line.startsWith(`${file}:`));
    const line = head ? Number(head.slice(file.length + 1).split(':')[0]) : 0;
    return { line: Number.isFinite(line) ? line : 0, message: String(error).slice(0, 200) };
  }
}

const asModule = (text, file) => refusal(() => new vm.SourceTextModule(text, { identifier: file }), file);

// The line of a module's fault: only the command line tells it.
function lineOf(text) {
  const options = { input: text, encoding: 'utf8', timeout: 5000, maxBuffer: 1024 * 1024 };
  const { stderr } = spawnSync(process.execPath, ['--check', '--input-type=module', '-'], options);
  return Number(/^\[stdin\]:(\d+)\r?$/m.exec(stderr ?? '')?.[1] ?? 0);
}

function moduleFault(text, file) {
  const fault = asModule(text, file);
  return fault && { ...fault, line: fault.line || lineOf(text) };
}

function asScript(text, file) {
  // A shebang is no part of the function that node makes of a file.
  const body = text.replace(/^#!.*/, '');
  const names = ['exports', 'require', 'module', '__filename', '__dirname'];
  return refusal(() => vm.compileFunction(body, names, { filename: file }), file);
}

// `module`, `commonjs`, or nothing where no package.json within the project says so.
function kindOf(file) {
  if (file.endsWith('.mjs')) return 'module';
  if (file.endsWith('.cjs')) return 'commonjs';
  const top = process.cwd();
  for (let directory = path.dirname(path.resolve(file)); ; directory = path.dirname(directory)) {
    const manifest = path.join(directory, 'package.json');
    if (existsSync(manifest)) {
      try {
        return JSON.parse(readFileSync(manifest, 'utf8')).type;
      } catch {
        return undefined;
      }
    }
    if (directory === top || directory === path.dirname(directory)) return undefined;
  }
}

function scriptFault(text, file) {
  const kind = kindOf(file);
  if (kind === 'module') return moduleFault(text, file);
  const script = asScript(text, file);
  if (!script || kind === 'commonjs') return script;
  // Bundlers take modules whatever package.json says.
  const module = moduleFault(text, file);
  return module && (/^\s*(import|export)\b/m.test(text) ? module : script);
}

function compilerFor(file) {
  try {
    return createRequire(path.resolve(file))('typescript');
  } catch (error) {
    if (error?.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

// What the checker, not the parser, finds wrong with the grammar: modifiers out of place, a required parameter behind an
// optional one, names declared twice. Nothing that depends on other files, types or libraries: none of them is read.
const GRAMMAR = [[1003, 1052], [1069, 1189], [1242, 1257], [1265, 1266], [1354, 1354], [2300, 2300], [2391, 2391], [2451, 2451], [17000, 17019]];

function* grammarFaults(typescript, source, file) {
  const options = {
    allowJs: true,
    experimentalDecorators: true,
    jsx: typescript.JsxEmit.Preserve,
    module: typescript.ModuleKind.ESNext,
    noLib: true,
    noResolve: true,
    target: typescript.ScriptTarget.ESNext,
    types: [],
  };
  const host = {
    directoryExists: () => false,
    fileExists: (name) => name === file,
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => '',
    getDefaultLibFileName: () => 'lib.d.ts',
    getDirectories: () => [],
    getNewLine: () => '\n',
    getSourceFile: (name) => (name === file ? source : undefined),
    readFile: () => undefined,
    useCaseSensitiveFileNames: () => true,
    writeFile: () => {},
  };
  const program = typescript.createProgram([file], options, host);
  const isGrammar = (code) => GRAMMAR.some(([first, last]) => first <= code && code <= last);
  for (const { category, code, messageText, start } of program.getSemanticDiagnostics(source)) {
    if (category !== 1 || !isGrammar(code)) continue;
    const { line } = source.getLineAndCharacterOfPosition(start ?? 0);
    yield { line: line + 1, message: typescript.flattenDiagnosticMessageText(messageText, ' ').slice(0, 200) };
  }
}

// A checker without libraries may stumble over what they define: then node alone is asked about the rest.
function checkedGrammar(typescript, source, file) {
  try {
    return [...grammarFaults(typescript, source, file)];
  } catch {
    return [];
  }
}

function* typedFaults(typescript, text, file) {
  const isTyped = /\.([cm]?ts|tsx)$/.test(file);
  const source = typescript.createSourceFile(file, text, typescript.ScriptTarget.ESNext, true);
  const errors = (source.parseDiagnostics ?? []).filter(({ category }) => category === 1);
  for (const { start, messageText } of errors) {
    const { line } = source.getLineAndCharacterOfPosition(start ?? 0);
    yield { line: line + 1, message: typescript.flattenDiagnosticMessageText(messageText, ' ').slice(0, 200) };
  }
  if (errors.length > 0 || source.isDeclarationFile) return;
  const grammar = checkedGrammar(typescript, source, file);
  yield* grammar;
  if (grammar.length > 0) return;
  const compilerOptions = {
    allowJs: !isTyped,
    jsx: typescript.JsxEmit.React,
    module: typescript.ModuleKind.ESNext,
    target: typescript.ScriptTarget.ES2022 ?? typescript.ScriptTarget.ESNext,
    experimentalDecorators: true,
    sourceMap: false,
  };
  const { outputText } = typescript.transpileModule(text, { fileName: file, compilerOptions });
  const fault = asModule(outputText, file);
  // The line is one of the output.
  if (fault) yield { ...fault, line: 0 };
}

function check(file) {
  if (!existsSync(file)) return say({ file, skipped: 'is not there' });
  if (statSync(file).size > LARGEST) return say({ file, skipped: 'is over 2 MiB: not checked' });
  const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  const isPlain = /\.[cm]?js$/.test(file);
  let by = 'node accepts';
  let faults;
  if (isPlain) {
    faults = [scriptFault(text, file)].filter(Boolean);
  } else {
    const typescript = compilerFor(file);
    if (!typescript?.transpileModule) return say({ file, skipped: 'was checked by its tree only: no typescript' });
    by = 'typescript accepts';
    faults = [...typedFaults(typescript, text, file)];
  }
  if (faults.length === 0) return say({ file, by });
  const lines = text.split(/\r?\n/);
  for (const fault of faults.slice(0, MOST_FAULTS)) {
    say({ file, ...fault, text: (lines[fault.line - 1] ?? '').trim().slice(0, 200) });
  }
}

for (const file of process.argv.slice(2)) {
  try {
    check(file);
  } catch (error) {
    say({ file, unanswered: String(error?.message ?? error).split('\n')[0].slice(0, 120) });
  }
}
