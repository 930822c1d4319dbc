// Test results as heal reads them, the same from a cold run and from the warm server.
//
// In: a test's name path and what it threw. Out: one plain object per test. Every text and list is
// bounded, because what a test throws may be of any size.

import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

const MESSAGE_CHARACTERS = 4000;
const VALUE_CHARACTERS = 1000;
const FRAMES = 50;

/** Stands between the parts of a test's id: file, suites, name. */
const SEPARATOR = ' > ';

/** The id of a test: its file relative to `cwd`, its suites, its name. */
export function testId(cwd, file, names) {
  return [relative(cwd, file), ...names].join(SEPARATOR);
}

/** Makes repeated ids differ: the second `a` becomes `a #2`. */
export class UniqueIds {
  #seen = new Map();

  next(id) {
    const count = (this.#seen.get(id) ?? 0) + 1;
    this.#seen.set(id, count);
    return count === 1 ? id : `${id} #${count}`;
  }
}

/** A result object; `error` is what the test threw, if it failed. */
export function result(id, file, outcome, durationMs, error, mapLine = (_file, line) => line) {
  const found = { id, file, outcome, duration_ms: durationMs };
  if (error === undefined || error === null) return found;
  const isAssertion = error.code === 'ERR_ASSERTION' && 'actual' in error;
  return {
    ...found,
    message: text(error.message ?? error, MESSAGE_CHARACTERS),
    exception: typeof error === 'object' ? String(error.name ?? 'Error') : typeof error,
    frames: frames(error.stack, mapLine),
    expected: isAssertion ? value(error.expected) : null,
    actual: isAssertion ? value(error.actual) : null,
  };
}

function text(anything, limit) {
  try {
    return String(anything).slice(0, limit);
  } catch {
    return '(can not be shown)';
  }
}

function value(anything) {
  try {
    return inspect(anything, { depth: 4, breakLength: Infinity }).slice(0, VALUE_CHARACTERS);
  } catch {
    return null;
  }
}

const FRAME = /^\s*at (?:(?:async )?(.*?) \()?((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/;

/** The frames of a V8 stack, innermost last, without those of node itself. */
function frames(stack, mapLine) {
  if (typeof stack !== 'string') return [];
  const found = [];
  for (const line of stack.split('\n').slice(0, 200)) {
    const match = FRAME.exec(line);
    if (!match) continue;
    const file = match[2].startsWith('file://') ? fileURLToPath(match[2]) : match[2];
    if (file.startsWith('/heal/') || file.includes('/heal-scratch-')) continue;
    found.push({ file, line: mapLine(file, Number(match[3])), column: Number(match[4]), function: match[1] ?? null });
    if (found.length === FRAMES) break;
  }
  return found.reverse();
}
