// The observer of cold runs of node's test runner: a custom reporter that writes one JSON line per
// test into the results pipe.
//
// heal adds it through NODE_OPTIONS beside the usual reporter:
//   --test-reporter=spec --test-reporter-destination=stdout
//   --test-reporter=<this file> --test-reporter-destination=<results pipe>
// Only the process that owns the test run reads these options, so programs that are not tests and
// the per-file children of `node --test` are left alone.

import { UniqueIds, result, testId } from './results.mjs';

export default async function* reporter(events) {
  const cwd = process.cwd();
  const ids = new UniqueIds();
  const names = [];
  yield line({ event: 'start', runner: 'node-test', cwd, args: [] });
  for await (const { type, data } of events) {
    if (type === 'test:start') {
      names[data.nesting] = data.name;
    } else if (type === 'test:pass' || type === 'test:fail') {
      const found = finished(cwd, ids, names, data, type === 'test:pass');
      if (found) yield line(found);
    }
  }
  yield line({ event: 'end' });
}

function finished(cwd, ids, names, data, passed) {
  const failure = data.details?.error;
  // A suite only counts by itself when its own body or hook failed.
  const isSuite = data.details?.type === 'suite';
  if (isSuite && (passed || failure?.failureType === 'subtestsFailed')) return null;
  const file = data.file ?? data.name;
  const isFile = data.nesting === 0 && data.name === file;
  const path = isFile ? [] : [...names.slice(0, data.nesting), data.name];
  const skipped = data.skip !== undefined || data.todo !== undefined;
  const outcome = skipped ? 'skipped' : passed ? 'passed' : 'failed';
  const error = outcome === 'failed' ? failure?.cause ?? failure : undefined;
  return result(ids.next(testId(cwd, file, path)), file, outcome, data.details?.duration_ms ?? 0, error);
}

const line = (object) => `${JSON.stringify(object)}\n`;
