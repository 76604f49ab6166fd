//! What is reduced in texts before they are compared or stored: what differs between two runs of the same program.
//!
//! Tracebacks become the exception's type and message; addresses, expression ids, temporary paths and Java's stack traces
//! lose what is particular to a run. Both sides pass through here, and nothing else is disregarded.

use super::PythonError;

/// Starts a traceback, alone in its line or after a header.
const TRACEBACK: &str = "Traceback (most recent call last):\n";
const GROUP_TRACEBACK: &str = "+ Exception Group Traceback (most recent call last):\n";

/// What stands between the tracebacks of chained exceptions; the last one is what the user catches.
const CHAINS: [&str; 2] = [
    "\nThe above exception was the direct cause of the following exception:\n\n",
    "\nDuring handling of the above exception, another exception occurred:\n\n",
];

/// A text without what is particular to a run, and the Python exception whose traceback it held.
pub(super) fn reduce(text: &str) -> (String, Option<PythonError>) {
    let text = without_java_stack(text);
    match split_traceback(text) {
        None => (scrub(text), None),
        Some(Traceback { before, exception, after }) => {
            let exception = scrub(&exception);
            let python = python_error(&exception);
            (format!("{}{exception}{after}", scrub(before)), Some(python))
        }
    }
}

struct Traceback<'t> {
    before: &'t str,
    exception: String,
    after: &'t str,
}

fn split_traceback(text: &str) -> Option<Traceback<'_>> {
    let plain = text.find(TRACEBACK);
    let group = text.find(GROUP_TRACEBACK);
    // Within a group, the exceptions may have tracebacks of their own.
    let is_group = group.is_some_and(|group| plain.is_none_or(|plain| group < plain));
    let start = if is_group { group? } else { plain? };
    // A group's header is indented; after `…instance: ` only the first blank is the sentence's.
    let before = match text[..start].trim_end_matches(' ') {
        trimmed if is_group && trimmed.ends_with(':') => &text[..start.min(trimmed.len() + 1)],
        trimmed if is_group => trimmed,
        _ => &text[..start],
    };
    let (body, after) = split_sqlstate(&text[start..]);
    let body = last_of_chain(body);
    let exception = match body.strip_prefix(TRACEBACK) {
        Some(frames) => without_frames(frames),
        None => group_members(body),
    };
    Some(Traceback { before, exception: exception.trim_end_matches('\n').to_owned(), after })
}

/// Splits off the `SQLSTATE` that Spark appends in a line of its own.
fn split_sqlstate(text: &str) -> (&str, &str) {
    if let Some((_, state)) = text.rsplit_once("\n SQLSTATE: ") {
        let at = text.len() - state.len() - "\n SQLSTATE: ".len();
        if state.len() == 5 && state.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return (&text[..at], &text[at..]);
        }
    }
    (text, "")
}

/// The traceback after the last link of a chain. A link counts only before a traceback: messages may quote one.
fn last_of_chain(text: &str) -> &str {
    let links = CHAINS.iter().flat_map(|link| text.match_indices(link).map(|(at, link)| at + link.len()));
    let next = |at: &usize| {
        let rest = text[*at..].trim_start_matches([' ', '|']);
        rest.starts_with(TRACEBACK) || rest.starts_with(GROUP_TRACEBACK)
    };
    let start = links.filter(next).max().unwrap_or(0);
    text[start..].trim_start_matches([' ', '|'])
}

/// What follows the frames, their source lines and markers: all of those are indented.
fn without_frames(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').collect();
    let first = lines.iter().position(|line| !line.starts_with("  ")).unwrap_or(lines.len());
    lines.get(first..).unwrap_or_default().join("\n")
}

/// An exception group: the heads of the group and of its members, without frames and rules.
fn group_members(text: &str) -> String {
    let mut kept = Vec::new();
    for line in text.split('\n') {
        let content = line.trim_start_matches(' ').trim_start_matches(['|', '+', '-']);
        let rule = content.ends_with("---") || content.trim_start_matches(['-', '+']).is_empty();
        let frame = content.starts_with("   ");
        let head = content.trim_start();
        if rule || frame || head.starts_with("Exception Group Traceback") || head.starts_with("Traceback (most recent")
        {
            continue;
        }
        kept.push(head.trim_start_matches("| "));
    }
    kept.join("\n")
}

/// `pyarrow.lib.ArrowInvalid: text`, or a type alone.
fn python_error(exception: &str) -> PythonError {
    let head = exception.split(['\n', ' ']).next().unwrap_or_default();
    let name = head.strip_suffix(':').unwrap_or(head);
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '<' | '>'));
    if !is_name {
        return PythonError { kind: String::new(), message: exception.to_owned() };
    }
    let message = exception[name.len()..].trim_start_matches(':');
    PythonError { kind: name.to_owned(), message: message.strip_prefix(' ').unwrap_or(message).to_owned() }
}

/// Cuts Java's stack trace, and the task, host and ids that an aborted job names.
fn without_java_stack(text: &str) -> &str {
    let cuts = ["\n\tat ", "\nDriver stacktrace:", "\n\nJVM stacktrace:\n"];
    let end = cuts.iter().filter_map(|cut| text.find(cut)).min().unwrap_or(text.len());
    &text[..end]
}

/// Removes what is particular to a run from a text without traceback.
pub(super) fn scrub(text: &str) -> String {
    let text = aborted_job(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let previous = out.chars().next_back();
        if let Some((replacement, length)) = particular(previous, rest) {
            out.push_str(replacement);
            rest = &rest[length..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// `Job aborted due to stage failure: Task 0 in stage 3.0 failed …: Lost task … (TID 3) (host executor driver): cause`
/// keeps its cause.
fn aborted_job(text: &str) -> String {
    const ABORTED: &str = "Job aborted due to stage failure: ";
    const LOST: &str = ", most recent failure: Lost task ";
    let (Some(aborted), Some(lost)) = (text.find(ABORTED), text.find(LOST)) else {
        return text.to_owned();
    };
    let head = aborted + ABORTED.len();
    match text.get(lost..).and_then(|rest| rest.find("): ")).map(|end| lost + end + "): ".len()) {
        Some(cause) if head <= lost => format!("{}{}", &text[..head], &text[cause..]),
        _ => text.to_owned(),
    }
}

/// What stands for the particular thing that `rest` begins with, and the length of that thing.
fn particular(previous: Option<char>, rest: &str) -> Option<(&'static str, usize)> {
    let in_word = previous.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let run = |text: &str, wanted: fn(u8) -> bool| text.bytes().take_while(|byte| wanted(*byte)).count();
    let digit = |byte: u8| byte.is_ascii_digit();
    let hex = |byte: u8| byte.is_ascii_hexdigit();
    if let Some(address) = rest.strip_prefix("0x").filter(|_| !in_word) {
        let length = run(address, hex);
        return (length >= 6).then_some(("0x…", 2 + length));
    }
    // `FilterRef(filter=…, id=140…)` is Python's id() of an object, which for `None` has seven digits where Python is not built
    // to be placed anywhere (Debian's); `ArrowBuf[7485], address:1405…` are Java's.
    for (name, replacement, least) in [("id=", "id=…", 7), ("address:", "address:…", 9), ("ArrowBuf[", "ArrowBuf[…", 1)]
    {
        if let Some(id) = rest.strip_prefix(name).filter(|_| !in_word) {
            let length = run(id, digit);
            return (length >= least).then_some((replacement, name.len() + length));
        }
    }
    // `An error occurred while calling o669.registerPython`: Py4J's number of a Java object.
    if let Some(object) = rest.strip_prefix("calling o").filter(|_| !in_word) {
        let length = run(object, digit);
        return (length > 0 && object[length..].starts_with('.')).then_some(("calling o…", "calling o".len() + length));
    }
    if let Some(id) = rest.strip_prefix('#') {
        // `name#12L`: Spark's expression ids.
        let length = run(id, digit);
        let of_name = previous.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | ')' | '`'));
        let long = usize::from(id[length..].starts_with('L'));
        return (of_name && length > 0).then_some(("#…", 1 + length + long));
    }
    if rest.starts_with("/tmp/") && !in_word {
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`' | ')' | ']' | ',' | ';'));
        return Some(("/tmp/…", end.unwrap_or(rest.len())));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const PLAN: &str = "[PYTHON_DATA_SOURCE_ERROR] Failed to create Python data source instance: ";
    const TASK: &str = "An exception was thrown from the Python worker:\n";

    fn check(text: &str, reduced: &str, kind: &str, message: &str) {
        let (found, python) = reduce(text);
        assert_eq!(found, reduced);
        assert_eq!(python, Some(PythonError { kind: kind.to_owned(), message: message.to_owned() }));
    }

    #[test]
    fn a_planning_error_keeps_header_and_sqlstate() {
        let text = format!(
            "{PLAN}Traceback (most recent call last):\n  File \"<case>\", line 8, in schema\nValueError: boom\n SQLSTATE: 38000"
        );
        check(&text, &format!("{PLAN}ValueError: boom\n SQLSTATE: 38000"), "ValueError", "boom");
    }

    #[rstest]
    #[case("ValueError: boom", "ValueError", "boom")]
    #[case("ValueError", "ValueError", "")]
    #[case("KeyError: 'aaa'", "KeyError", "'aaa'")]
    #[case("ValueError: x SQLSTATE: 12345", "ValueError", "x SQLSTATE: 12345")]
    #[case("ValueError: boom\nnote one\nnote two", "ValueError", "boom\nnote one\nnote two")]
    #[case("pyarrow.lib.ArrowInvalid: a: b", "pyarrow.lib.ArrowInvalid", "a: b")]
    #[case("__main__.f.<locals>.E: x", "__main__.f.<locals>.E", "x")]
    #[case(
        "ValueError: line1\n  File \"x\", line 3\nTraceback (most recent call last):\n  inner\n\nlast",
        "ValueError",
        "line1\n  File \"x\", line 3\nTraceback (most recent call last):\n  inner\n\nlast"
    )]
    fn a_task_error_keeps_the_whole_message(#[case] exception: &str, #[case] kind: &str, #[case] message: &str) {
        let frames = "  File \"/a/worker.py\", line 3622, in main\n    process()\n    ~~~~~~~^^\n  [Previous line repeated 981 more times]\n";
        let text = format!("{TASK}Traceback (most recent call last):\n{frames}{exception}\n");
        check(&text, &format!("{TASK}{exception}"), kind, message);
    }

    #[test]
    fn the_older_header_stays() {
        let header = "\n  An exception was thrown from the Python worker. Please see the stack trace below.\n";
        let text = format!(
            "{header}Traceback (most recent call last):\n  File \"<case>\", line 14, in read\nValueError: boom\n"
        );
        check(&text, &format!("{header}ValueError: boom"), "ValueError", "boom");
    }

    #[test]
    fn a_syntax_error_loses_its_source() {
        let text = format!(
            "{TASK}Traceback (most recent call last):\n  File \"<case>\", line 14, in read\n  File \"<string>\", line 1\n    1 +\n       ^\nSyntaxError: invalid syntax"
        );
        check(&text, &format!("{TASK}SyntaxError: invalid syntax"), "SyntaxError", "invalid syntax");
    }

    #[rstest]
    #[case("The above exception was the direct cause of the following exception")]
    #[case("During handling of the above exception, another exception occurred")]
    fn the_last_of_a_chain_counts(#[case] link: &str) {
        let text = format!(
            "{PLAN}Traceback (most recent call last):\n  File \"a\", line 1\nKeyError: 'k'\n\n{link}:\n\nTraceback (most recent call last):\n  File \"b\", line 2\nRuntimeError: second\nline\n SQLSTATE: 38000"
        );
        check(&text, &format!("{PLAN}RuntimeError: second\nline\n SQLSTATE: 38000"), "RuntimeError", "second\nline");
    }

    #[test]
    fn exception_groups_keep_their_members() {
        let group = "+ Exception Group Traceback (most recent call last):\n  |   File \"<case>\", line 8, in schema\n  | ExceptionGroup: grp (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"<case>\", line 3, in f\n    |     x()\n    | ValueError: a\n    +---------------- 2 ----------------\n    | TypeError: b\n    +------------------------------------\n";
        let message = "grp (2 sub-exceptions)\nValueError: a\nTypeError: b";
        check(&format!("{TASK}{group}"), &format!("{TASK}ExceptionGroup: {message}"), "ExceptionGroup", message);
        check(&format!("{TASK}  {group}"), &format!("{TASK}ExceptionGroup: {message}"), "ExceptionGroup", message);
        let planned = format!("{PLAN}  {group} SQLSTATE: 38000");
        check(&planned, &format!("{PLAN}ExceptionGroup: {message}\n SQLSTATE: 38000"), "ExceptionGroup", message);
    }

    #[rstest]
    #[case("<object object at 0x7f761ccc4e70>", "<object object at 0x…>")]
    #[case("0xff and a0x7f761ccc4e70", "0xff and a0x7f761ccc4e70")]
    #[case("FilterRef(filter=x, id=140245178)", "FilterRef(filter=x, id=…)")]
    #[case("FilterRef(filter=None, id=9809088)", "FilterRef(filter=None, id=…)")]
    #[case("id=5", "id=5")]
    #[case(
        "An error occurred while calling o669.registerPython.",
        "An error occurred while calling o….registerPython."
    )]
    #[case("calling o, calling o5 and recalling o5.x", "calling o, calling o5 and recalling o5.x")]
    #[case("[ArrowBuf[748563296], address:140529678422072, capacity:4]", "[ArrowBuf[…], address:…, capacity:4]")]
    #[case("address:5", "address:5")]
    #[case("'a (id#12L > 3)' and issue #12", "'a (id#… > 3)' and issue #12")]
    #[case("file:/tmp/abc-1/x.py' not found", "file:/tmp/…' not found")]
    #[case("größe 😀", "größe 😀")]
    #[case(
        "Job aborted due to stage failure: Task 0 in stage 12.0 failed 1 times, most recent failure: Lost task 0.0 in stage 12.0 (TID 12) (localhost executor driver): java.lang.NullPointerException: x",
        "Job aborted due to stage failure: java.lang.NullPointerException: x"
    )]
    #[case("a\n\tat org.apache.spark.X\nmore", "a")]
    #[case("a\n\nDriver stacktrace:", "a\n")]
    fn what_is_particular_to_a_run_is_scrubbed(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(reduce(text), (expected.to_owned(), None));
    }

    proptest::proptest! {
        #[test]
        fn reducing_never_panics(text in "(?s)(Traceback \\(most recent call last\\):\n|\\+ Exception Group Traceback \\(most recent call last\\):\n|  File x\n|\n SQLSTATE: 38000|.{0,8}|\n| \\| |0x1234567|#1|, most recent failure: Lost task |Job aborted due to stage failure: |\\): ){0,12}") {
            let _ = reduce(&text);
        }

        #[test]
        fn scrubbing_again_changes_nothing(text in "(0x7f00aa11|id=123456789|#12|calling o5.x|/tmp/x|[ a-z)`',]){0,12}") {
            let once = scrub(&text);
            proptest::prop_assert_eq!(scrub(&once), once);
        }
    }
}
