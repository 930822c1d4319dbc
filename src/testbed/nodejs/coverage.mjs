// Which lines each test executed, by V8's precise block coverage.
//
// In: `take()` after each test. Out: `{ 'relative/file': [lines from 1] }`. V8 resets its counters at
// each take, so that what it gives belongs to one test.

import { Session } from 'node:inspector';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export class Coverage {
  #session = new Session();
  #shared;
  #lineStarts = new Map();

  constructor(shared) {
    this.#shared = shared;
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  stop() {
    this.#post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  /** The lines executed since the last call. */
  take() {
    const { result } = this.#post('Profiler.takePreciseCoverage');
    const files = {};
    for (const script of result) {
      const path = script.url.startsWith('file://') ? fileURLToPath(script.url) : script.url;
      if (!this.#shared.isProject(path)) continue;
      const lines = this.#executed(path, script.functions);
      if (lines.length > 0) files[relative(this.#shared.root, path)] = lines;
    }
    return files;
  }

  #post(method, params) {
    let answer;
    this.#session.post(method, params, (error, found) => {
      if (error) throw new Error(error.message);
      answer = found;
    });
    return answer;
  }

  /** Walks lines and ranges together; the innermost range around a line's first character decides. */
  #executed(path, functions) {
    const ranges = functions.flatMap((found) => found.ranges);
    if (!ranges.some((range) => range.count > 0)) return [];
    ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
    const lines = new Set();
    const open = [];
    let next = 0;
    for (const { line, offset } of this.#starts(path)) {
      while (next < ranges.length && ranges[next].startOffset <= offset) open.push(ranges[next++]);
      while (open.length > 0 && open.at(-1).endOffset <= offset) open.pop();
      const around = open.findLast((range) => range.endOffset > offset);
      if (around?.count > 0) lines.add(this.#shared.mapLine(path, line));
    }
    // A function or block that begins in the middle of a line makes that line executed, too.
    const starts = this.#starts(path);
    let index = 0;
    for (const { startOffset, count } of ranges) {
      while (index + 1 < starts.length && starts[index + 1].offset <= startOffset) index += 1;
      if (count > 0 && startOffset > 0) lines.add(this.#shared.mapLine(path, starts[index].line));
    }
    return [...lines].sort((a, b) => a - b);
  }

  /** The offset of the first visible character of each line of the code that runs. */
  #starts(path) {
    let starts = this.#lineStarts.get(path);
    if (!starts) {
      const code = this.#shared.sources.get(path) ?? this.#shared.text(path);
      starts = [];
      let offset = 0;
      code.split('\n').forEach((text, index) => {
        const first = text.search(/[^\s})\];,]/);
        if (first >= 0) starts.push({ line: index + 1, offset: offset + first });
        offset += text.length + 1;
      });
      this.#lineStarts.set(path, starts);
    }
    return starts;
  }
}
