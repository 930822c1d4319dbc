//! Stack traces of the JVM: `at pkg.Class.method(File.java:12)`.
//!
//! Format: `java.lang.Throwable.printStackTrace`. A frame names a file without its folder; the package gives it.

use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

use crate::evidence::StackFrame;

static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:\[\w+\]\s*)*at (?:[\w.@/$-]+//?)?([\w.$<>-]+)\.([\w$<>-]+)\(([\w$-]+\.\w+):(\d+)\)")
        .expect("the pattern is constant and tested")
});

static EXCEPTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:\[\w+\]\s*)*(?:Caused by: )?((?:[a-z_][\w]*\.)+[A-Z][\w$]*(?:Error|Exception|Failure|Throwable|[A-Z]\w*))(?:: (.*))?$")
        .expect("the pattern is constant and tested")
});

/// The frame of a line; its file is `package/File.java`'s last part.
pub fn frame(text: &str) -> Option<(StackFrame, String)> {
    if !text.contains("at ") || !text.ends_with(')') {
        return None;
    }
    let found = FRAME.captures(text)?;
    let frame = StackFrame {
        file: PathBuf::from(&found[3]),
        line: found[4].parse().ok()?,
        function: Some(format!("{}.{}", &found[1], &found[2])),
    };
    Some((frame, found[1].to_owned()))
}

/// The name without its package, and the text, of an exception's line.
pub fn exception(text: &str) -> Option<(String, Option<String>)> {
    if text.len() > 4000 || !text.contains('.') {
        return None;
    }
    let found = EXCEPTION.captures(text)?;
    let name = found[1].rsplit('.').next().unwrap_or("").to_owned();
    Some((name, found.get(2).map(|message| message.as_str().trim().to_owned()).filter(|message| !message.is_empty())))
}

/// Whether a class belongs to the language, a test framework or a build tool.
pub fn is_foreign_class(class: &str) -> bool {
    const FOREIGN: &[&str] = &[
        "java.",
        "javax.",
        "jdk.",
        "sun.",
        "com.sun.proxy",
        "kotlin.",
        "kotlinx.coroutines",
        "scala.",
        "groovy.",
        "org.codehaus.groovy",
        "org.junit.",
        "junit.",
        "org.testng.",
        "org.hamcrest.",
        "org.assertj.",
        "org.mockito.",
        "org.opentest4j.",
        "org.apache.maven.",
        "org.gradle.",
        "org.spockframework.",
        "org.scalatest.",
        "worker.org.gradle",
        "com.intellij.",
        "org.springframework.",
        "reactor.",
        "io.netty.",
        "org.eclipse.jetty",
        "org.hibernate.",
        "com.google.common.truth",
        "jdk/internal",
        "org.easymock.",
        "org.powermock.",
        "org.robolectric.",
        "android.",
        "androidx.test",
        "io.kotest.",
    ];
    FOREIGN.iter().any(|start| class.starts_with(start))
}
