//! Random files and random edits of them, from a seed.

/// A fast generator of its own seed (xorshift*), so that a failing case is told by a number.
pub(super) struct Random(u64);

impl Random {
    pub fn of(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end.max(1)
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// A file: lines without ends, and how they are written.
#[derive(Clone)]
pub(super) struct File {
    pub python: bool,
    pub lines: Vec<String>,
    pub end: &'static str,
    pub final_end: bool,
    pub step: &'static str,
}

impl File {
    pub fn path(&self) -> &'static str {
        if self.python { "src/app/cart.py" } else { "src/app/cart.js" }
    }

    /// The dotted name of the function around some lines, when there is one around all of them.
    pub fn around(&self, rows: &std::ops::Range<usize>) -> Option<String> {
        let name = |line: &str| line.trim().split(['(', ':', ' ']).next().map(str::to_owned);
        let is_head = |line: &String| line.contains("(item, key)") && !line.contains('=');
        if self.lines[rows.clone()].iter().any(|line| is_head(line) || line.starts_with("class ")) {
            return None;
        }
        let head = (0..rows.start).rev().find(|&row| is_head(&self.lines[row]))?;
        let line = self.lines[head].trim_start().trim_start_matches("def ").trim_start_matches("function ");
        if !self.lines[head].starts_with([' ', '\t']) {
            return name(line);
        }
        let class = self.lines[..head].iter().rev().find(|line| line.starts_with("class "))?;
        Some(format!("{}.{}", name(class.trim_start_matches("class "))?, name(line)?))
    }

    pub fn text(&self) -> String {
        let text = self.lines.join(self.end);
        if self.final_end { text + self.end } else { text }
    }
}

const NAMES: [&str; 10] = ["total", "item", "price", "count", "größe", "rate", "key", "value", "index", "name"];
const CALLS: [&str; 5] = ["load", "merge", "scale", "check", "fetch"];

/// A statement on one line.
pub(super) fn statement(random: &mut Random, python: bool) -> String {
    let (a, b, c) = (random.pick(&NAMES), random.pick(&NAMES), random.pick(&CALLS));
    let number = random.below(6);
    let end = if python { "" } else { ";" };
    match random.below(6) {
        0 => format!("{a} = {b} + {number}{end}"),
        1 => format!("{a} = {c}({b}, {number}){end}"),
        2 => format!("{c}({a}){end}"),
        3 => format!("{a} = \"{b} {number}\"{end}"),
        4 if python => format!("{a} = [{b}, {number}]  # {c}"),
        4 => format!("{a} = [{b}, {number}]; // {c}"),
        _ => format!("return {a}{end}"),
    }
}

fn body(random: &mut Random, file: &mut File, depth: usize, room: usize) {
    let indent = file.step.repeat(depth);
    let count = 1 + random.below(4);
    for _ in 0..count {
        if room > 0 && random.one_in(4) {
            let name = random.pick(&NAMES);
            let (open, close) =
                if file.python { (format!("if {name}:"), None) } else { (format!("if ({name}) {{"), Some("}")) };
            file.lines.push(format!("{indent}{open}"));
            body(random, file, depth + 1, room - 1);
            file.lines.extend(close.map(|close| format!("{indent}{close}")));
        } else {
            let text = statement(random, file.python);
            let trailing = if random.one_in(25) { "  " } else { "" };
            file.lines.push(format!("{indent}{text}{trailing}"));
        }
        if random.one_in(10) {
            file.lines.push(String::new());
        }
    }
    if file.lines.last().is_some_and(String::is_empty) {
        let text = statement(random, file.python);
        file.lines.push(format!("{indent}{text}"));
    }
}

/// A file of functions and classes. Some are copies of others, as they are or with one statement changed.
pub(super) fn file(random: &mut Random) -> File {
    let python = random.one_in(2);
    let step = if random.one_in(5) {
        "\t"
    } else if python {
        "    "
    } else {
        random.pick(&["  ", "    "])
    };
    let end = if random.one_in(4) { "\r\n" } else { "\n" };
    let mut file = File { python, lines: Vec::new(), end, final_end: !random.one_in(5), step };
    file.lines.push(if python { "import os" } else { "import os from 'os';" }.to_owned());
    file.lines.push(String::new());
    for number in 0..2 + random.below(2) {
        let in_class = random.one_in(2);
        let depth = usize::from(in_class);
        if in_class {
            file.lines.push(if python { format!("class Class{number}:") } else { format!("class Class{number} {{") });
        }
        for method in 0..1 + random.below(2) {
            let indent = file.step.repeat(depth);
            let name =
                if in_class { random.pick(&["run", "stop"]).to_owned() } else { format!("free{number}{method}") };
            let start = file.lines.len();
            let head = match (python, in_class) {
                (true, _) => format!("{indent}def {name}(item, key):"),
                (false, true) => format!("{indent}{name}(item, key) {{"),
                (false, false) => format!("{indent}function {name}(item, key) {{"),
            };
            file.lines.push(head);
            body(random, &mut file, depth + 1, 1);
            file.lines.extend((!python).then(|| format!("{indent}}}")));
            file.lines.push(String::new());
            if random.one_in(3) {
                twin(random, &mut file, start);
            }
        }
        if in_class && !python {
            file.lines.push("}".to_owned());
        }
    }
    while file.lines.last().is_some_and(String::is_empty) {
        file.lines.pop();
    }
    file
}

/// A copy of the lines from `start` on, under another name, at times with one statement changed.
fn twin(random: &mut Random, file: &mut File, start: usize) {
    let mut copy: Vec<String> = file.lines[start..].to_vec();
    copy[0] = copy[0].replace("(item", "_twin(item");
    if random.one_in(2) {
        let row = random.below(copy.len());
        if is_statement(&copy[row]) {
            copy[row] = copy[row].replace("= ", "= 1 + ");
        }
    }
    file.lines.extend(copy);
}

/// Whether a line is a statement of its own.
pub(super) fn is_statement(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.ends_with([':', '{', '}']) && !line.starts_with("import")
}

/// An edit: the lines `rows` of a file become others.
#[derive(Clone)]
pub(super) struct Intent {
    pub rows: std::ops::Range<usize>,
    /// What becomes of each line of `rows`.
    pub new: Vec<Vec<String>>,
}

impl Intent {
    /// The file after it.
    pub fn applied(&self, file: &File) -> File {
        let mut after = file.clone();
        after.lines.splice(self.rows.clone(), self.new.concat());
        after
    }

    pub fn search(&self, file: &File) -> Vec<String> {
        file.lines[self.rows.clone()].to_vec()
    }

    pub fn replace(&self) -> Vec<String> {
        self.new.concat()
    }
}

/// A random edit of at most `most` lines: statements changed, added before or after others, or deleted.
pub(super) fn intent(random: &mut Random, file: &File, most: usize) -> Option<Intent> {
    let start = random.below(file.lines.len());
    let end = (start + 1 + random.below(most)).min(file.lines.len());
    let mut new: Vec<Vec<String>> = file.lines[start..end].iter().map(|line| vec![line.clone()]).collect();
    if file.lines[start].trim().is_empty() || file.lines[end - 1].trim().is_empty() {
        return None;
    }
    let statements: Vec<usize> = (0..new.len()).filter(|&row| is_statement(&new[row][0])).collect();
    let row = *statements.get(random.below(statements.len()))?;
    let line = new[row][0].clone();
    let indent = super::super::lines::indent(&line).to_owned();
    let fresh =
        format!("{indent}{}", statement(random, file.python).replace("= ", "= 7 + ").replace("return ", "return 8 + "));
    new[row] = match random.below(4) {
        0 => vec![line, fresh],
        1 => vec![fresh, line],
        2 if statements.len() > 1
            && (row > 0
                && is_statement(&file.lines[start + row - 1])
                && super::super::lines::indent(&file.lines[start + row - 1]) == indent) =>
        {
            Vec::new()
        }
        _ => vec![fresh],
    };
    let intent = Intent { rows: start..end, new };
    (intent.replace() != intent.search(file)).then_some(intent)
}

/// Whether the lines of an edit, blanks and blank lines aside, are in the file only once.
pub(super) fn is_unique(file: &File, search: &[String]) -> bool {
    let bare = |lines: &[String]| -> Vec<String> {
        lines.iter().map(|line| super::super::lines::bare(line)).filter(|line| !line.is_empty()).collect()
    };
    super::super::lines::occurrences(&bare(search), &bare(&file.lines)).len() == 1
}
