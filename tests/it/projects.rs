//! Small projects for the App's stories.

/// The usual workflow, for pushes and pull requests.
pub const CI: &str = "name: CI
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Tests
        run: python3 -m unittest
";

/// `largest` as it should be.
pub const GOOD: &str = "def largest(values):\n    best = values[0]\n    for value in values:\n        if value > best:\n            best = value\n    return best\n";

/// `largest` that finds the smallest.
pub const BROKEN: &str = crate::world::BROKEN_CALC;

const TESTS: &str = "import unittest\n\nfrom calc import largest\n\n\nclass CalcTest(unittest.TestCase):\n    def test_largest(self):\n        self.assertEqual(largest([1, 3, 2]), 3)\n\n    def test_single(self):\n        self.assertEqual(largest([7]), 7)\n";

/// The Python project with this `calc.py`.
pub fn python(calc: &'static str) -> [(&'static str, &'static str); 3] {
    [("calc.py", calc), ("test_calc.py", TESTS), (".github/workflows/ci.yml", CI)]
}

/// A test that no change of `calc.py` can please.
pub const UNFIXABLE: &str = "import unittest\n\nfrom calc import largest\n\n\nclass CalcTest(unittest.TestCase):\n    def test_largest(self):\n        self.assertEqual(largest([1, 3, 2]), 3)\n\n    def test_and_again(self):\n        self.assertEqual(largest([1, 3, 2]), 4)\n";

/// A test that fails in the first attempt of a run only.
pub const FLAKY: &str = "import os\nimport unittest\n\n\nclass FlakyTest(unittest.TestCase):\n    def test_connection(self):\n        if os.environ.get(\"GITHUB_RUN_ATTEMPT\") == \"1\":\n            raise ConnectionResetError(104, \"Connection reset by peer\")\n";

/// A stock that can be sold while `left ? wanted` holds, with this comparison in the place of `?`.
pub fn javascript(comparison: &'static str) -> [(&'static str, &'static str); 4] {
    const TESTS: &str = "const test = require(\"node:test\");\nconst assert = require(\"node:assert\");\nconst { canSell } = require(\"./stock.js\");\n\ntest(\"the last one can be sold\", () => {\n  assert.strictEqual(canSell(1, 1), true);\n});\n\ntest(\"more than there is can't\", () => {\n  assert.strictEqual(canSell(1, 2), false);\n});\n";
    const CI: &str = "name: CI\non: [push, pull_request]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: node --test\n";
    const PACKAGE: &str =
        "{\n  \"name\": \"stock\",\n  \"version\": \"1.0.0\",\n  \"scripts\": { \"test\": \"node --test\" }\n}\n";
    let code = match comparison {
        ">=" => "function canSell(left, wanted) {\n  return left >= wanted;\n}\n\nmodule.exports = { canSell };\n",
        _ => "function canSell(left, wanted) {\n  return left > wanted;\n}\n\nmodule.exports = { canSell };\n",
    };
    [("stock.js", code), ("stock.test.js", TESTS), ("package.json", PACKAGE), (".github/workflows/ci.yml", CI)]
}
