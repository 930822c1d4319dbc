//! Tables of patches that the rules refuse, and of honest ones that they let pass.

use std::path::Path;

use super::{Guard, GuardError};
use crate::diagnosis::Class;
use crate::patch::{Changed, Patch};
use crate::policy::Policy;

/// Checks one patch of `file` in a repository with a few files.
fn check(class: Class, file: &str, before: &str, after: &str) -> Result<(), GuardError> {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("src/shop/__init__.py", ""),
        ("src/shop/prices.py", "import yaml\n"),
        ("helpers.py", ""),
        ("requirements.txt", "Flask-Login==1.0\n# leftpad\n"),
        ("package.json", r#"{"name": "shop", "dependencies": {"lodash": "1", "@scope/kit": "1"}}"#),
        ("lib/prices.js", "const chalk = require('chalk');\n"),
    ] {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let policy = Policy { max_changed_lines: 1000, ..Policy::default() };
    let changed = Changed { before: before.to_owned(), after: after.to_owned() };
    Guard { policy: &policy, class }
        .check(root.path(), &Patch { files: [(Path::new(file).to_owned(), changed)].into() })
}

#[track_caller]
fn check_added(file: &str, line: &str, message: Option<&str>) {
    let found = check(Class::Code, file, "", line).err().map(|error| error.to_string());
    assert_eq!(found.as_deref(), message, "{line}");
}

#[test]
fn no_package_comes_in() {
    for (line, package) in [
        ("import leftpad\n", Some("leftpad")),
        ("from leftpad.core import pad\n", Some("leftpad")),
        ("def f():\n    import leftpad as l\n", Some("leftpad")),
        ("import json, leftpad\n", Some("leftpad")),
        ("x = __import__('leftpad')\n", Some("leftpad")),
        ("import json\n", None),
        ("from . import prices\n", None),
        ("from collections.abc import Mapping\n", None),
        ("import shop.prices\n", None),
        ("import helpers\n", None),
        ("import flask_login\n", None),
        ("import yaml\n", None),
        ("# import leftpad\n", None),
        ("x = 'import leftpad'\n", None),
    ] {
        let message = package.map(|name| format!("src/a.py would import {name}, which this project does not use"));
        check_added("src/a.py", line, message.as_deref());
    }
    for (line, package) in [
        ("import pad from 'left-pad';\n", Some("left-pad")),
        ("import 'left-pad/register';\n", Some("left-pad")),
        ("const { pad } = require('@evil/pad/x');\n", Some("@evil/pad")),
        ("export { pad } from 'left-pad';\n", Some("left-pad")),
        ("const p = await import('left-pad');\n", Some("left-pad")),
        ("import _ from 'lodash/fp';\n", None),
        ("import kit from '@scope/kit';\n", None),
        ("import path from 'node:path';\n", None),
        ("const util = require('util');\n", None),
        ("import a from './a.js';\n", None),
        ("import a from '@/a';\n", None),
        ("import c from 'chalk';\n", None),
        ("import pad = require('left-pad');\n", Some("left-pad")),
        ("import _ = require('lodash');\n", None),
        ("// import pad from 'left-pad';\n", None),
    ] {
        let message = package.map(|name| format!("src/a.ts would import {name}, which this project does not use"));
        check_added("src/a.ts", line, message.as_deref());
    }
}

#[test]
fn what_the_file_imports_already_stays() {
    assert_eq!(check(Class::Code, "src/a.py", "import numpy\n", "import numpy\nfrom numpy import array\n"), Ok(()));
}

#[track_caller]
fn check_capability(file: &str, before: &str, line: &str, what: Option<&str>) {
    let after = format!("{before}{line}");
    let found = check(Class::Code, file, before, &after).err().map(|error| error.to_string());
    assert_eq!(found, what.map(|what| format!("{file} would newly {what}")), "{line}");
}

#[test]
fn no_capability_comes_in_with_python() {
    for (before, line, what) in [
        ("", "import urllib.request\n", Some("use the network (urllib.request)")),
        ("import os\n", "os.system('ls')\n", Some("start a process (os.system)")),
        ("", "from os import system as s\n", Some("start a process (os.system)")),
        ("", "import subprocess\n", Some("start a process (subprocess)")),
        ("x = 1\n", "eval(x)\n", Some("run code from text (eval)")),
        ("x = 1\n", "exec(x)\n", Some("run code from text (exec)")),
        ("import pickle\n", "pickle.loads(b'')\n", Some("load data that can run code (pickle.loads)")),
        ("import shutil\n", "shutil.rmtree('/')\n", Some("delete files (shutil.rmtree)")),
        ("import os\n", "print(os.environ)\n", Some("read the whole environment (os.environ)")),
        ("import os\n", "print(dict(os.environ))\n", Some("read the whole environment (os.environ)")),
        ("import os\n", "x = os.environ.items()\n", Some("read the whole environment (os.environ)")),
        ("import os\n", "x = os.getenv('A')\n", Some("read the environment (A)")),
        ("import os\nx = os.environ['A']\n", "y = os.environ.get('A')\n", None),
        ("import os\nx = os.environ['A']\n", "y = os.environ.get('B')\n", Some("read the environment (B)")),
        ("import os\nx = os.environ['A']\n", "y = 'B' in os.environ\n", Some("read the environment (B)")),
        ("import os\nx = os.getenv('A')\n", "y = os.environ['A'].lower()\n", None),
        (
            "import os\nx = os.environ['A']\n",
            "y = os.environ['NPM' + '_TOKEN']\n",
            Some("read the environment (by the computed name 'NPM' + '_TOKEN')"),
        ),
        ("import shutil\n", "x = shutil.os.system('ls')\n", Some("reach modules by hidden names (shutil.os.system)")),
        ("import random\n", "random._os.system('ls')\n", Some("start a process (random._os.system)")),
        ("import random\n", "x = dict(random._os.environ)\n", Some("read the whole environment (os.environ)")),
        ("", "x = f().environ\n", Some("read the whole environment (f().environ)")),
        ("import os\n", "x = vars(os)\n", Some("reach modules by hidden names (vars(os))")),
        ("import os\n", "x = os.__dict__\n", Some("reach modules by hidden names (os.__dict__)")),
        ("", "x = ().__class__.__base__.__subclasses__()\n", Some("reach modules by hidden names (__subclasses__)")),
        ("import os\n", "os._exit(0)\n", Some("end the process or hook into its end (os._exit)")),
        ("import sys\n", "sys.exit(0)\n", Some("end the process or hook into its end (sys.exit)")),
        ("import sys\nsys.exit(1)\n", "sys.exit(0)\n", None),
        ("", "exit()\n", Some("end the process or hook into its end (exit)")),
        ("", "raise SystemExit\n", Some("end the process or hook into its end (SystemExit)")),
        ("", "import atexit\n", Some("end the process or hook into its end (atexit)")),
        ("import os\n", "os.execlpe('ls')\n", Some("start a process (os.execlpe)")),
        ("", "import posix\n", Some("start a process (posix)")),
        ("from timeit import timeit\n", "timeit('x')\n", Some("run code from text (timeit.timeit)")),
        ("", "self.signal.connect(f)\n", None),
        ("p = 1\n", "p.unlink()\n", Some("delete files (unlink)")),
        ("", "x = open('/proc/self/environ')\n", Some("name a place outside of the project (/proc)")),
        ("", "x = '.git/config'\n", Some("name a place outside of the project (.git)")),
        ("", "x = 'a.git'\n", None),
        ("", "x = '/api/sys/x'\n", None),
        ("", "x = open('/opt/a')\n", Some("read a file outside of the project (/opt/a)")),
        ("", "x = open('../a')\n", Some("read a file outside of the project (../a)")),
        ("", "x = open('data/a.json')\n", None),
        ("d = 'a'\n", "x = open(d + '/a.json')\n", None),
        ("import os\nx = os.getenv('A')\n", "print(os.environ)\n", Some("read the whole environment (os.environ)")),
        ("", "u = 'https://evil.example/x'\n", Some("use the network (https://evil.example)")),
        ("", "u = f'https://evil.example/{1}'\n", Some("use the network (https://evil.example)")),
        ("u = 'https://a.example/x'\n", "v = 'https://a.example/y'\n", None),
        ("", "# see https://a.example\n", None),
        ("", "def f():\n    \"\"\"See https://a.example.\"\"\"\n", None),
        ("", "print('::set-output name=x::y')\n", Some("write a workflow command (::set-output)")),
        ("import os\n", "getattr(os, 'sys' + 'tem')('ls')\n", Some("reach modules by hidden names (getattr(os, …))")),
        ("", "__import__('os').system('ls')\n", Some("start a process (os.system)")),
        ("import subprocess\nsubprocess.run([])\n", "subprocess.run(['ls'])\n", None),
        ("import os\n", "x = os.path.join('a', 'b')\n", None),
        ("import re\n", "x = re.compile('a')\n", None),
        ("", "requests = []\n", None),
        ("import os\n", "x = [1].remove(1)\n", None),
        ("import os as o\n", "o.system('ls')\n", Some("start a process (os.system)")),
        ("import subprocess as sp\n", "sp.Popen(['ls'])\n", Some("start a process (subprocess.Popen)")),
        ("", "from os import *\n", Some("reach modules by hidden names (everything of os)")),
        ("", "open('a', 'w')\n", Some("write files (open for writing)")),
        ("", "open('a', mode='ab')\n", Some("write files (open for writing)")),
        ("m = 1\n", "open('a', m)\n", Some("write files (open for writing)")),
        ("p = 1\n", "p.open('w')\n", Some("write files (open for writing)")),
        ("p = 1\n", "p.write_text('a')\n", Some("write files (write_text)")),
        ("import shutil\n", "shutil.copy('a', 'b')\n", Some("write files (shutil.copy)")),
        ("open('a', 'w')\np = 1\n", "p.write_text('a')\n", None),
        ("", "open('a', 'rb')\n", None),
        ("", "open('a', encoding='utf-8')\n", None),
        ("z = 1\n", "z.open('w.txt')\n", None),
        ("d = {}\n", "d.open(key)\n", None),
        ("", "code = {'del': 1}\n", None),
    ] {
        check_capability("src/a.py", before, line, what);
    }
}

/// The prefilter and the rule agree: what the tree shows to be new is never spared the look at the tree.
#[test]
fn every_name_of_the_table_is_found_through_an_alias() {
    use super::capability_table::{In, ROWS};
    for row in ROWS {
        for name in row.names {
            let module = name.strip_suffix(".*");
            let (file, before, line) = match (row.language, module, name.rsplit_once('.')) {
                (In::Python, Some(module), _) => {
                    ("src/a.py", format!("import {module} as z\n"), "z.zz(1)\n".to_owned())
                }
                (In::Python, None, Some((module, last))) => {
                    ("src/a.py", format!("import {module} as z\n"), format!("z.{last}(1)\n"))
                }
                (In::JavaScript, Some(module), _) => {
                    ("src/a.js", format!("const z = require('{module}');\n"), "z.zz(1);\n".to_owned())
                }
                (In::JavaScript, None, Some((module, last))) => {
                    ("src/a.js", format!("import * as z from '{module}';\n"), format!("z.{last}(1);\n"))
                }
                (In::Python, None, None) => ("src/a.py", String::new(), format!("{name}(1)\n")),
                (In::JavaScript, None, None) => ("src/a.js", String::new(), format!("{name}(1);\n")),
            };
            let found = check(Class::Code, file, &before, &format!("{before}{line}"));
            assert!(matches!(found, Err(GuardError::Capability { .. })), "{name}: {before}{line}: {found:?}");
        }
    }
}

#[test]
fn no_capability_comes_in_with_javascript() {
    for (before, line, what) in [
        ("", "fetch(u);\n", Some("use the network (fetch)")),
        ("", "const r = new WebSocket(u);\n", Some("use the network (WebSocket)")),
        ("", "const cp = require('child_process');\n", Some("start a process (child_process)")),
        ("", "import { exec as e } from 'node:child_process';\n", Some("start a process (child_process)")),
        ("", "console.log(process.env);\n", Some("read the whole environment (process.env)")),
        ("", "console.log(JSON.stringify(process['env']));\n", Some("read the whole environment (process.env)")),
        ("", "const e = { ...process.env };\n", Some("read the whole environment (process.env)")),
        ("", "const p = process.env.PORT;\n", Some("read the environment (PORT)")),
        ("const p = process.env.PORT;\n", "const q = process.env.PORT ?? 1;\n", None),
        ("const p = process.env.PORT;\n", "const q = process.env.HOST;\n", Some("read the environment (HOST)")),
        ("const p = process.env.PORT;\n", "const { HOST } = process.env;\n", Some("read the environment (HOST)")),
        (
            "const p = process.env.PORT;\n",
            "const q = process.env[`A${p}`];\n",
            Some("read the environment (by the computed name `A${p}`)"),
        ),
        ("", "process.exit(0);\n", Some("end the process or hook into its end (process.exit)")),
        ("", "process.on('exit', f);\n", Some("end the process or hook into its end (process.on)")),
        (
            "",
            "globalThis.process.reallyExit(0);\n",
            Some("end the process or hook into its end (globalThis.process.reallyExit)"),
        ),
        ("", "(() => {}).constructor('x')();\n", Some("run code from text ((() => {}).constructor)")),
        ("", "f['constructor']('x');\n", Some("run code from text (f['constructor'])")),
        ("", "const a = new this.constructor(b);\n", None),
        ("", "const a = b.constructor === C;\n", None),
        ("", "Reflect.get(a, b);\n", Some("reach modules by hidden names (Reflect.get)")),
        ("import fs from 'fs';\n", "fs.readFileSync('/opt/a');\n", Some("read a file outside of the project (/opt/a)")),
        ("import fs from 'fs';\n", "fs.readFileSync(`${d}/a`);\n", None),
        ("", "eval('1');\n", Some("run code from text (eval)")),
        ("", "new Function('return 1')();\n", Some("run code from text (Function)")),
        ("import fs from 'fs';\n", "fs.rmSync('/');\n", Some("delete files (fs.rmSync)")),
        ("import fs from 'fs';\n", "fs.readFileSync('a');\n", None),
        ("", "const m = /a/.exec('a');\n", None),
        ("", "// fetch('https://a.example')\n", None),
        ("", "const u = 'https://evil.example';\n", Some("use the network (https://evil.example)")),
        ("", "const u = `http://evil.example/${1}`;\n", Some("use the network (http://evil.example)")),
        ("", "const request = {};\n", None),
        ("", "const f = x instanceof Function;\n", None),
        ("import fs from 'fs';\n", "fs.writeFileSync('a', '');\n", Some("write files (fs.writeFileSync)")),
        ("", "import { writeFile } from 'node:fs/promises';\n", Some("write files (fs.writeFile)")),
        ("import fs from 'fs';\nfs.writeFile('a', '');\n", "fs.writeFileSync('a', '');\n", None),
        ("", "const p = import.meta.env.PORT;\n", Some("read the environment (PORT)")),
        ("", "const e = { ...import.meta.env };\n", Some("read the whole environment (import.meta.env)")),
        ("", "import cp = require('child_process');\n", Some("start a process (child_process)")),
        ("import cp = require('child_process');\n", "cp.exec('ls');\n", Some("start a process (child_process.exec)")),
        ("", "const net = gross - tax;\n", None),
    ] {
        check_capability("src/a.ts", before, line, what);
    }
}

#[test]
fn no_capability_comes_in_with_other_files() {
    for (line, what) in [
        ("curl -d @x y\n", Some("use the network (curl)")),
        ("printenv\n", Some("read the whole environment (printenv)")),
        ("echo x >> $GITHUB_ENV\n", Some("write a workflow command (GITHUB_ENV)")),
        ("rm -rf /\n", Some("delete files (rm -rf)")),
        ("echo curling\n", None),
    ] {
        check_capability("pages/run.txt", "", line, what);
    }
    check_capability("docs/a.md", "", "See https://a.example\n", None);
}

#[track_caller]
fn check_test(file: &str, before: &str, after: &str, what: Option<&str>) {
    let found = check(Class::Test, file, before, after).err().map(|error| error.to_string());
    assert_eq!(found, what.map(|what| format!("{file} would test less: {what}")), "{after}");
}

#[test]
fn no_python_test_gets_weaker() {
    let before = "def test_a():\n    assert f(1) == 2\n\ndef test_b():\n    assert f(2) == 3\n    assert f(3) == 4\n";
    for (from, to, what) in [
        ("f(1) == 2", "f(1) == 3", None),
        ("def test_a():", "def _test_a():", Some("1 tests instead of 2")),
        ("    assert f(3) == 4\n", "", Some("2 assertions instead of 3")),
        ("    assert f(3) == 4\n", "    # assert f(3) == 4\n", Some("2 assertions instead of 3")),
        ("def test_a", "@pytest.mark.skip\ndef test_a", Some("a test would be left out")),
        ("def test_a", "@pytest.mark.xfail(strict=False)\ndef test_a", Some("a test would be left out")),
        ("    assert f(1)", "    pytest.skip('x')\n    assert f(1)", Some("a test would be left out")),
        ("f(1) == 2", "True", Some("an assertion could not fail")),
        ("f(1) == 2", "1 == 1", Some("an assertion could not fail")),
        ("f(1) == 2", "f(1) == 2 or True", Some("an assertion could not fail")),
        ("f(1) == 2", "(f(1) == 2, 'x')", Some("an assertion could not fail")),
        ("    assert f(1) == 2", "    return\n    assert f(1) == 2", Some("a test would return early")),
        (
            "    assert f(1) == 2",
            "    try:\n        assert f(1) == 2\n    except AssertionError:\n        pass",
            Some("an exception would be swallowed"),
        ),
        (before, "", Some("0 tests instead of 2")),
    ] {
        check_test("tests/test_a.py", before, &before.replace(from, to), what);
    }
}

#[test]
fn no_assertion_asks_less_and_no_test_leaves_the_runner() {
    let python = "class TestA:\n    def test_a(self):\n        assert f(1) == 2\n\nclass B(unittest.TestCase):\n    def test_b(self):\n        self.assertEqual(f(2), 3)\n";
    let fewer = Some("1 comparisons with a value instead of 2");
    for (from, to, what) in [
        ("class TestA", "class ATest", Some("1 tests instead of 2")),
        ("def test_a", "def a", Some("1 tests instead of 2")),
        ("B(unittest.TestCase)", "B(object)", Some("1 tests instead of 2")),
        ("B(unittest.TestCase)", "C(unittest.TestCase)", None),
        ("assert f(1) == 2", "assert f(1)", fewer),
        ("assert f(1) == 2", "assert f(1) is not None", fewer),
        ("assert f(1) == 2", "assert f(1) != 3", fewer),
        ("assert f(1) == 2", "assert 2 == f(1)", None),
        ("self.assertEqual(f(2), 3)", "self.assertIsNotNone(f(2))", fewer),
        ("self.assertEqual(f(2), 3)", "self.assertTrue(f(2))", fewer),
        ("self.assertEqual(f(2), 3)", "assert f(2)", fewer),
        ("self.assertEqual(f(2), 3)", "self.assertTrue(f(2) == 3)", None),
        ("self.assertEqual(f(2), 3)", "assert f(2) == 3", None),
        ("self.assertEqual(f(2), 3)", "self.assertAlmostEqual(f(2), 3)", None),
    ] {
        check_test("tests/test_a.py", python, &python.replace(from, to), what);
    }
    let javascript =
        "test('a', () => {\n  expect(f(1)).toBe(2);\n});\nit('b', () => {\n  assert.equal(f(2), 3);\n});\n";
    for (from, to, what) in [
        ("toBe(2)", "toEqual(2)", None),
        ("toBe(2)", "toBeDefined()", fewer),
        ("toBe(2)", "toBeTruthy()", fewer),
        ("toBe(2)", "not.toBe(3)", fewer),
        ("toBe(2)", "toEqual(expect.anything())", fewer),
        ("assert.equal(f(2), 3)", "assert.ok(f(2))", fewer),
        ("assert.equal(f(2), 3)", "assert(f(2))", fewer),
        ("assert.equal(f(2), 3)", "assert.ok(f(2) === 3)", None),
        ("assert.equal(f(2), 3)", "assert.strictEqual(f(2), 3)", None),
        ("assert.equal(f(2), 3)", "assert.notEqual(f(2), 4)", fewer),
    ] {
        check_test("src/a.test.js", javascript, &javascript.replace(from, to), what);
    }
}

#[test]
fn no_checker_is_silenced() {
    for class in [Class::Code, Class::Lint, Class::Type] {
        for (file, before, after, silencer) in [
            ("src/a.py", "x = f()\n", "x = f()  # noqa\n", Some("#noqa")),
            ("src/a.py", "x = f()\n", "x = f()  #NOQA: E501\n", Some("#noqa")),
            ("src/a.py", "x = f()\n", "x = f()  # type: ignore[arg-type]\n", Some("#type:ignore")),
            ("src/a.py", "x = f()\n", "# pylint: disable=all\nx = f()\n", Some("#pylint:disable")),
            ("src/a.py", "x = f()\n", "x = f()  # pragma: no cover\n", Some("#pragma:nocover")),
            ("src/a.py", "x = f()  # noqa\n", "x = g()  # noqa\n", None),
            ("src/a.py", "x = f()  # noqa\n", "x = g()\n", None),
            ("src/a.ts", "f(1);\n", "// @ts-ignore\nf(1);\n", Some("@ts-ignore")),
            ("src/a.ts", "f(1);\n", "// @ts-expect-error\nf(1);\n", Some("@ts-expect-error")),
            ("src/a.ts", "f(1);\n", "// @ts-nocheck\nf(1);\n", Some("@ts-nocheck")),
            ("src/a.js", "f(1);\n", "/* eslint-disable */\nf(1);\n", Some("eslint-disable")),
            ("src/a.js", "f(1);\n", "f(1); // eslint-disable-line\n", Some("eslint-disable")),
            ("src/a.js", "f(1);\n", "/* istanbul ignore next */\nf(1);\n", Some("istanbulignore")),
            ("src/a.js", "f(1);\n", "/* c8 ignore next */\nf(1);\n", Some("c8ignore")),
            ("src/a.js", "f(1);\n", "// biome-ignore lint: x\nf(1);\n", Some("biome-ignore")),
            ("src/a.css", "a {}\n", "/* prettier-ignore */\na {}\n", Some("prettier-ignore")),
        ] {
            let what = |silencer| format!("a checker would be silenced ({silencer})");
            let expected = silencer.map(|silencer| GuardError::Weakened { file: file.into(), what: what(silencer) });
            assert_eq!(check(class, file, before, after).err(), expected, "{after}");
        }
    }
}

#[test]
fn the_last_tests_stay_whatever_the_class_and_the_name() {
    let python =
        "import unittest\n\nclass A(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(f(), 1)\n";
    let javascript = "import { test } from 'node:test';\ntest('a', () => { f(); });\n";
    for class in [Class::Code, Class::Test, Class::Lint, Class::Type, Class::Dependency] {
        for (file, before, after, refused) in [
            ("src/checks.py", python, "", true),
            ("src/checks.py", python, "import unittest\n", true),
            ("src/checks.js", javascript, "// test('a', () => { f(); });\n", true),
            ("tests/test_a.py", python, "", true),
            ("tests/test_a.py", python, "# nothing\n", true),
            ("tests/helpers.py", "x = 1\n", "# nothing\n", true),
            ("tests/data.json", "{}\n", "\n", true),
            ("src/a.py", "def f():\n    return 1\n", "", false),
            ("src/checks.py", python, &python.replace("1)", "2)"), false),
        ] {
            assert_eq!(check(class, file, before, after).is_err(), refused, "{class}: {file}: {after}");
        }
    }
}

#[test]
fn no_javascript_test_gets_weaker() {
    let before = "test('a', () => {\n  expect(f(1)).toBe(2);\n});\nit('b', () => {\n  assert.equal(f(2), 3);\n});\n";
    for (from, to, what) in [
        ("toBe(2)", "toBe(3)", None),
        ("test('a'", "test.skip('a'", Some("a test would be left out")),
        ("test('a'", "test.only('a'", Some("a test would be left out")),
        ("it('b'", "xit('b'", Some("1 tests instead of 2")),
        ("test('a', ", "test('a', { skip: true }, ", Some("a test would be left out")),
        ("  assert.equal(f(2), 3);\n", "", Some("1 assertions instead of 2")),
        ("expect(f(1)).toBe(2)", "expect(true).toBe(true)", Some("an assertion could not fail")),
        ("assert.equal(f(2), 3)", "assert.ok(true)", Some("an assertion could not fail")),
        ("assert.equal(f(2), 3)", "assert.equal(3, 3)", Some("an assertion could not fail")),
        ("  expect(f(1)).toBe(2);", "  return;\n  expect(f(1)).toBe(2);", Some("a test would return early")),
        (
            "  expect(f(1)).toBe(2);",
            "  try { expect(f(1)).toBe(2); } catch {}",
            Some("an exception would be swallowed"),
        ),
    ] {
        check_test("src/a.test.js", before, &before.replace(from, to), what);
    }
}

#[test]
fn the_code_does_not_ask_for_tests() {
    for (file, line, what) in [
        ("src/a.py", "x = 'PYTEST_CURRENT_TEST' in y\n", Some("PYTEST_CURRENT_TEST")),
        ("src/a.js", "if (y.JEST_WORKER_ID) f();\n", Some("JEST_WORKER_ID")),
        ("src/a.py", "# PYTEST_CURRENT_TEST\n", None),
    ] {
        let message = what.map(|what| format!("{file} would behave differently under test: it looks at {what}"));
        check_added(file, line, message.as_deref());
    }
    let before = "const a = process.env.A;\nimport sys\n";
    let found = check(Class::Code, "a.js", before, &format!("{before}if (process.env.NODE_ENV === 'test') f();\n"));
    assert_eq!(found, Err(GuardError::UnderTest { file: "a.js".into(), what: "NODE_ENV for test".into() }));
    let found = check(Class::Code, "a.py", "", "import sys\nif 'pytest' in sys.modules: x = 1\n");
    assert_eq!(found, Err(GuardError::UnderTest { file: "a.py".into(), what: "sys.modules for pytest".into() }));
}
