//! How long packing takes in a repository of a million lines. Run by hand:
//! `cargo test --release --lib -- --ignored --nocapture draft::llm::context`.

use std::path::Path;
use std::time::Instant;

use super::*;

/// The generated module of `docs/measure_repository.py`.
fn module(operator: char) -> String {
    let function = |index| {
        format!(
            "def work_{index}(a, b):\n    total = a {operator} b\n    if total > {index}:\n        return total\n    return b\n"
        )
    };
    (0..40).map(function).collect()
}

#[test]
#[ignore = "writes 5,000 files and prints a time; it proves nothing by itself"]
fn a_million_lines() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let mut tracked = Vec::new();
    let mut write = |path: String, text: &str| {
        let file = root.join(&path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        tracked.push(PathBuf::from(path));
    };
    for number in 0..5_000 {
        let mut text = module(if number == 777 { '-' } else { '+' });
        match number {
            777 => text += "def price(a):\n    return rounded_up(a)\n",
            // Found by its name alone, far away.
            4_000 => text += "def rounded_up(a):\n    return a\n",
            _ if number % 8 == 0 => {
                text +=
                    &format!("from package_7.module_777 import price\n\ndef bill_{number}(a):\n    return price(a)\n");
            }
            _ => {}
        }
        write(format!("src/package_{}/module_{number}.py", number / 100), &text);
    }
    let test = "from package_7.module_777 import work_3\n\ndef test_work():\n    assert work_3(1, 2) == 3\n";
    write("tests/test_all.py".to_owned(), test);
    tracked.sort();
    let mut repo = Repo::new("")
        .fails("tests/test_all.py::test_work", "assert -1 == 3", &[("tests/test_all.py", 4)])
        .suspects(&[("src/package_7/module_777.py", 17), ("src/package_7/module_777.py", 202)])
        .changed("src/package_7/module_777.py", 17, "    total = a + b\n", "    total = a - b\n");
    repo.tracked = tracked;
    let reader = root.clone();
    // As the pipeline reads: links resolved, never out of the repository.
    let read = move |path: &Path| {
        let real = reader.join(path).canonicalize().ok().filter(|real| real.starts_with(&reader))?;
        String::from_utf8(std::fs::read(real).ok()?).ok()
    };
    for _ in 0..4 {
        let started = Instant::now();
        let packed = repo.pack_with(&root, &read, 16_000);
        println!("packed {} tokens in {} ms", packed.tokens, started.elapsed().as_millis());
        assert!(shown(&packed).contains("total = a - b"), "{}", shown(&packed));
        for title in
            ["tests/test_all.py", "module_4000.py, rounded_up: called", "package_7/module_704.py, bill_704: calls"]
        {
            assert!(packed.sections.iter().any(|section| section.title.contains(title)), "{title}");
        }
    }
}
