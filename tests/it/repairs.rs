//! Projects whose fault takes more than one small edit, and what a model that knows says to them.
//!
//! Each breaking commit brings something new with its tests, so that taking the commit back is no way out.

use std::path::Path;

use crate::llm::edits;
use crate::projects::CI;
use crate::world::World;

/// A path and a text.
pub type File = (&'static str, &'static str);

/// An edit: a path, what stands there, what is to stand there.
pub type Edit = (&'static str, &'static str, &'static str);

/// A commit that breaks a project, and the edits that repair it.
pub struct Repair {
    /// The command that tests it.
    pub test: &'static str,
    /// The green project, without its CI.
    pub before: &'static [File],
    /// The subject of the breaking commit.
    pub subject: &'static str,
    /// Its files.
    pub breaking: &'static [File],
    /// What makes the tests pass.
    pub right: &'static [Edit],
}

impl Repair {
    /// The workflow that tests it.
    pub fn workflow(&self) -> String {
        CI.replace("python3 -m unittest", self.test)
    }

    /// The broken project on the command line.
    pub fn broken(&self) -> World {
        let world = World::with(self.before);
        for (path, text) in self.breaking {
            world.write(path, text.as_bytes());
        }
        world.commit(self.subject);
        world
    }

    /// The right edits, as a model writes them.
    pub fn answer(&self) -> String {
        edits(self.right)
    }

    /// A file after the right edits.
    pub fn repaired(&self, path: &str) -> String {
        let text = self.breaking.iter().chain(self.before).find(|(name, _)| *name == path).unwrap().1.to_owned();
        let edits = self.right.iter().filter(|(file, ..)| *file == path);
        edits.fold(text, |text, (_, from, to)| text.replacen(from, to, 1))
    }
}

/// Two statements are missing in one function, at two places.
pub const DURATIONS: Repair = Repair {
    test: "python3 -m unittest",
    before: &[
        (
            "durations.py",
            "UNITS = {\"h\": 3600, \"m\": 60, \"s\": 1}\n\n\ndef unit(letter):\n    \"\"\"The seconds of a unit.\"\"\"\n    return UNITS[letter]\n",
        ),
        (
            "test_units.py",
            "import unittest\n\nfrom durations import unit\n\n\nclass UnitTest(unittest.TestCase):\n    def test_hour(self):\n        self.assertEqual(unit(\"h\"), 3600)\n",
        ),
    ],
    subject: "Read durations",
    breaking: &[("durations.py", READING), ("test_parse.py", READING_TESTS)],
    right: &[(
        "durations.py",
        "            total += int(number) * unit(letter)\n    return total\n",
        "            total += int(number) * unit(letter)\n            number = \"\"\n    if number:\n        total += int(number)\n    return total\n",
    )],
};

const READING: &str = "UNITS = {\"h\": 3600, \"m\": 60, \"s\": 1}


def unit(letter):
    \"\"\"The seconds of a unit.\"\"\"
    return UNITS[letter]


def parse(text):
    \"\"\"The seconds of a duration such as `1h30m`; a bare number is seconds.\"\"\"
    total = 0
    number = \"\"
    for letter in text:
        if letter.isdigit():
            number += letter
        else:
            total += int(number) * unit(letter)
    return total
";

const READING_TESTS: &str = "import unittest

from durations import parse


class ParseTest(unittest.TestCase):
    def test_one_unit(self):
        self.assertEqual(parse(\"2m\"), 120)

    def test_two_units(self):
        self.assertEqual(parse(\"1h30m\"), 5400)

    def test_bare_seconds(self):
        self.assertEqual(parse(\"90\"), 90)
";

/// What one might think of first for [`DURATIONS`]: it forgets that nothing may be left after the last unit.
pub const HASTY: Edit = (
    "durations.py",
    "            total += int(number) * unit(letter)\n    return total\n",
    "            total += int(number) * unit(letter)\n            number = \"\"\n    return total + int(number)\n",
);

/// What the tests say to [`HASTY`] and did not say before.
pub const HASTY_SAYS: &str = "invalid literal for int() with base 10";

/// Three edits in one function.
pub const INTERVALS: Repair = Repair {
    test: "node --test",
    before: &[
        (
            "intervals.js",
            "/** Whether two ranges have a point in common. */\nfunction overlaps(one, other) {\n  return one[0] <= other[1] && other[0] <= one[1];\n}\n\nmodule.exports = { overlaps };\n",
        ),
        (
            "overlaps.test.js",
            "const test = require(\"node:test\");\nconst assert = require(\"node:assert\");\nconst { overlaps } = require(\"./intervals.js\");\n\ntest(\"ranges may touch\", () => {\n  assert.strictEqual(overlaps([1, 2], [2, 3]), true);\n});\n",
        ),
    ],
    subject: "Join ranges",
    breaking: &[("intervals.js", JOINING), ("merge.test.js", JOINING_TESTS)],
    right: &[
        (
            "intervals.js",
            "  for (const range of ranges) {\n",
            "  for (const range of [...ranges].sort((one, other) => one[0] - other[0])) {\n",
        ),
        (
            "intervals.js",
            "      last[1] = range[1];\n    } else {\n      merged.push(range);\n",
            "      last[1] = Math.max(last[1], range[1]);\n    } else {\n      merged.push([...range]);\n",
        ),
    ],
};

const JOINING: &str = "/** Whether two ranges have a point in common. */
function overlaps(one, other) {
  return one[0] <= other[1] && other[0] <= one[1];
}

/** Joins ranges that overlap, lowest first. */
function merge(ranges) {
  const merged = [];
  for (const range of ranges) {
    const last = merged[merged.length - 1];
    if (last && overlaps(last, range)) {
      last[1] = range[1];
    } else {
      merged.push(range);
    }
  }
  return merged;
}

module.exports = { overlaps, merge };
";

const JOINING_TESTS: &str = "const test = require(\"node:test\");
const assert = require(\"node:assert\");
const { merge } = require(\"./intervals.js\");

test(\"ranges in any order are joined\", () => {
  assert.deepStrictEqual(merge([[10, 12], [2, 3], [11, 14]]), [[2, 3], [10, 14]]);
});

test(\"a range within another is swallowed\", () => {
  assert.deepStrictEqual(merge([[1, 9], [2, 3]]), [[1, 9]]);
});

test(\"what was given stays as it is\", () => {
  const given = [[1, 3], [2, 4]];
  merge(given);
  assert.deepStrictEqual(given, [[1, 3], [2, 4]]);
});
";

/// A function got a parameter; its body does not use it yet, and its caller does not give it.
pub const CART: Repair = Repair {
    test: "python3 -m unittest",
    before: &[
        (
            "rates.py",
            "RATES = {\"EUR\": 1.0, \"USD\": 1.25, \"GBP\": 0.8}\n\n\ndef convert(amount, target):\n    \"\"\"An amount of euros in a currency.\"\"\"\n    return amount * RATES[target]\n",
        ),
        (
            "cart.py",
            "from rates import convert\n\n\ndef total(lines, currency):\n    \"\"\"What a cart costs, whose prices are in euros.\"\"\"\n    return sum(convert(price * count, currency) for price, count in lines)\n",
        ),
        (
            "test_cart.py",
            "import unittest\n\nfrom cart import total\n\n\nclass CartTest(unittest.TestCase):\n    def test_total(self):\n        self.assertEqual(total([(2.0, 3), (1.0, 2)], \"USD\"), 10.0)\n",
        ),
        (
            "test_rates.py",
            "import unittest\n\nfrom rates import convert\n\n\nclass RatesTest(unittest.TestCase):\n    def test_from_euros(self):\n        self.assertEqual(convert(100, \"USD\"), 125)\n",
        ),
    ],
    subject: "Convert from any currency",
    breaking: &[
        (
            "rates.py",
            "RATES = {\"EUR\": 1.0, \"USD\": 1.25, \"GBP\": 0.8}\n\n\ndef convert(amount, source, target):\n    \"\"\"An amount of one currency in another.\"\"\"\n    return amount * RATES[target]\n",
        ),
        (
            "test_rates.py",
            "import unittest\n\nfrom rates import convert\n\n\nclass RatesTest(unittest.TestCase):\n    def test_from_euros(self):\n        self.assertEqual(convert(100, \"EUR\", \"USD\"), 125)\n\n    def test_into_euros(self):\n        self.assertEqual(convert(125, \"USD\", \"EUR\"), 100)\n",
        ),
    ],
    right: &[
        ("rates.py", "    return amount * RATES[target]\n", "    return amount / RATES[source] * RATES[target]\n"),
        (
            "cart.py",
            "    return sum(convert(price * count, currency) for price, count in lines)\n",
            "    return sum(convert(price * count, \"EUR\", currency) for price, count in lines)\n",
        ),
    ],
};

/// A list of labels in a React component that shows its own markup: `fixtures/react-board` with one more commit.
pub mod board {
    use super::*;

    /// The component.
    pub const CARD: &str = "web/Card.tsx";
    const TESTS: &str = "test/web.test.tsx";
    const JOINED: &str = "      {card.labels.length > 0 && <em>{card.labels.join(\", \")}</em>}\n";
    const QUOTED: &str =
        "      {card.labels.length > 0 && <ul>{card.labels.map((label) => `<li>${label}</li>`)}</ul>}\n";
    const ITEMS: &str = "      {card.labels.length > 0 && (\n        <ul>\n          {card.labels.map((label) => (\n            <li key={label}>{label}</li>\n          ))}\n        </ul>\n      )}\n";

    /// The edit that repairs it.
    pub const RIGHT: Edit = (CARD, QUOTED, ITEMS);

    /// Where its packages are, if they are installed.
    pub fn packages() -> Option<String> {
        let path = folder().join("node_modules");
        let path = path.to_str().unwrap().to_owned();
        crate::world::has("test", &["-d", &path]).then_some(path)
    }

    fn folder() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/react-board/files")
    }

    /// The green project.
    pub fn before() -> Vec<(String, String)> {
        let all = walkdir::WalkDir::new(folder()).into_iter();
        let own = all.filter_entry(|entry| entry.file_name() != "node_modules").map(Result::unwrap);
        let files = own.filter(|entry| entry.file_type().is_file());
        let read = |entry: walkdir::DirEntry| {
            let path = entry.path().strip_prefix(folder()).unwrap().to_str().unwrap().to_owned();
            (path, std::fs::read_to_string(entry.path()).unwrap())
        };
        files.map(read).collect()
    }

    /// The files of the breaking commit.
    pub fn breaking() -> Vec<(String, String)> {
        let changed = |path: &str, from: &str, to: &str| {
            let text = std::fs::read_to_string(folder().join(path)).unwrap();
            assert_eq!(text.matches(from).count(), 1, "{path}");
            (path.to_owned(), text.replace(from, to))
        };
        let shown = ("<em>urgent, lathe<\\/em>", "<ul><li>urgent<\\/li><li>lathe<\\/li><\\/ul>");
        vec![changed(CARD, JOINED, QUOTED), changed(TESTS, shown.0, shown.1)]
    }
}

/// Files as the vocabulary takes them.
pub fn borrowed(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
}
