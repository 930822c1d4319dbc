// TypeScript and JSX to JavaScript, with what the project itself has installed.
//
// In: a file's path and text. Out: `{ code, lines }`, where `lines[i]` is the original line of the
// generated line i + 1, or `lines` is null when both are the same. Candidates, cheapest first: node's
// own type stripping, esbuild (also the one inside tsx), typescript, sucrase.

import module, { SourceMap, createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

const TYPED = new Set(['.ts', '.mts', '.cts', '.tsx', '.jsx']);

/** Whether a file needs it. */
export const needsTranspiling = (path) => TYPED.has(extname(path));

export class Transpiler {
  #root;
  #engine;

  constructor(root) {
    this.#root = root;
  }

  /** The transformed text of a file. */
  async transform(path, text) {
    this.#engine ??= this.#find(path);
    return this.#engine(path, text);
  }

  #find(path) {
    const tsconfigPath = join(this.#root, 'tsconfig.json');
    const tsconfig = existsSync(tsconfigPath) ? readFileSync(tsconfigPath, 'utf8') : undefined;
    const projectRequire = createRequire(join(this.#root, 'package.json'));
    const esbuild = tryEach([
      () => projectRequire('esbuild'),
      () => createRequire(projectRequire.resolve('tsx'))('esbuild'),
      () => createRequire(projectRequire.resolve('tsx/package.json'))('esbuild'),
      () => createRequire(projectRequire.resolve('vite/package.json'))('esbuild'),
    ]);
    if (esbuild) return (file, text) => withEsbuild(esbuild, tsconfig, file, text);
    const typescript = tryEach([() => projectRequire('typescript')]);
    if (typescript) return async (file, text) => withTypescript(typescript, file, text);
    const sucrase = tryEach([() => projectRequire('sucrase')]);
    if (sucrase) return async (file, text) => withSucrase(sucrase, file, text);
    if (module.stripTypeScriptTypes && !path.endsWith('x')) {
      return async (_file, text) => ({ code: module.stripTypeScriptTypes(text), lines: null });
    }
    throw new Error('the project has nothing installed that turns TypeScript into JavaScript');
  }
}

function tryEach(attempts) {
  for (const attempt of attempts) {
    try {
      return attempt();
    } catch {
      // Not installed: the next one.
    }
  }
  return null;
}

async function withEsbuild(esbuild, tsconfig, file, text) {
  const loader = { '.ts': 'ts', '.mts': 'ts', '.cts': 'ts', '.tsx': 'tsx', '.jsx': 'jsx' }[extname(file)];
  const options = { loader, sourcefile: file, sourcemap: 'external', format: 'esm', target: `node${process.versions.node}` };
  const { code, map } = await esbuild.transform(text, tsconfig ? { ...options, tsconfigRaw: tsconfig } : options);
  return { code, lines: originalLines(code, map) };
}

function withTypescript(typescript, file, text) {
  const { outputText, sourceMapText } = typescript.transpileModule(text, {
    fileName: file,
    compilerOptions: { target: 'es2022', module: 'esnext', sourceMap: true, jsx: 'react-jsx', isolatedModules: true },
  });
  return { code: outputText, lines: originalLines(outputText, sourceMapText) };
}

function withSucrase(sucrase, file, text) {
  // sucrase keeps every line where it was.
  const transforms = file.endsWith('x') ? ['typescript', 'jsx'] : ['typescript'];
  return { code: sucrase.transform(text, { transforms, filePath: file, jsxRuntime: 'automatic' }).code, lines: null };
}

function originalLines(code, map) {
  const payload = JSON.parse(map);
  const sourceMap = new SourceMap(payload);
  return code.split('\n').map((line, index) => {
    const column = Math.max(line.search(/\S/), 0);
    const entry = sourceMap.findEntry(index, column);
    return entry.originalLine === undefined ? index + 1 : entry.originalLine + 1;
  });
}
