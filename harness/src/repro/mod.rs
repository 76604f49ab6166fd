//! `seatrial repro`: a case as one Python script that needs nothing of Seatrial: the source as a user would write it, what
//! is done with it in PySpark's own API, what real Spark answered, and a comparison.
//!
//! How values and errors are read is the runners' own code (`python/python/seatrial`), which the script carries along, so
//! that it sees what a recording sees.

mod literal;

use std::fmt::Write;

use serde_json::{Value, json};

use crate::case::{Case, Read, ReadPath, SparkMinor, Step};
use crate::observation::Observation;

use literal::{lines, python};

/// Shows, compares, and reaches real PySpark and the engine.
const SUPPORT: &str = include_str!("support.py");
const VALUES: &str = include_str!("../../../python/python/seatrial/values.py");
const ERRORS: &str = include_str!("../../../python/python/seatrial/spark_errors.py");

/// What the script is about.
#[derive(Debug, Clone, Copy)]
pub struct Repro<'a> {
    /// The case.
    pub case: &'a Case,
    /// The version of Spark.
    pub spark: SparkMinor,
    /// Its whole version, `4.2.1`.
    pub patch: &'a str,
    /// What the script installs, as pip takes it.
    pub requirements: &'a [String],
    /// What real Spark answered, if it was asked about the case as it is.
    pub golden: Option<&'a Observation>,
}

impl Repro<'_> {
    /// The script's text.
    pub fn script(&self) -> String {
        let mut text = String::new();
        self.head(&mut text);
        self.surroundings(&mut text);
        self.calls(&mut text);
        section(&mut text, "The data source");
        let kept: Vec<&str> = self.case.python.trim_end().lines().filter(|line| !is_future(line)).collect();
        let _ = write!(text, "# >>> the data source\n{}\n# <<< the data source\n\n", kept.join("\n"));
        section(&mut text, "What is done with it");
        self.scenario(&mut text);
        section(&mut text, &format!("What real Spark {} answered, and what is compared", self.patch));
        self.facts(&mut text);
        section(&mut text, "The rest shows what came of it, and compares");
        text += &support();
        text
    }

    fn head(&self, text: &mut String) {
        let requirements: Vec<String> =
            self.requirements.iter().map(|requirement| format!("\"{requirement}\"")).collect();
        text.push_str("#!/usr/bin/env python3\n# /// script\n# requires-python = \">=3.10\"\n");
        let _ = writeln!(text, "# dependencies = [{}]\n# ///", requirements.join(", "));
        let mut about = format!("{}: {}\n", self.case.id, self.case.feature);
        if let Some(prose) = self.case.about.as_ref().or(self.case.feature_about.as_ref()) {
            let _ = write!(about, "\n{}\n", prose.trim_end());
        }
        let _ = write!(
            about,
            "
Run it on real PySpark {}, which needs Java 17 (uv installs the rest), or on the engine, which is the Python package
`seatrial` or else the program that SEATRIAL names or PATH holds:

    uv run THIS_FILE
    python THIS_FILE --engine

It exits with 0 if the answer is what real Spark gave, and with 1 if not. `seatrial repro` wrote it.
",
            self.patch
        );
        // A docstring takes escapes; nothing of the prose may end it.
        let about = about.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
        let _ = writeln!(text, "\"\"\"{about}\"\"\"\n");
        // Python takes these at the beginning of a file only.
        for future in self.case.python.lines().filter(|line| is_future(line)) {
            let _ = writeln!(text, "{future}");
        }
    }

    fn surroundings(&self, text: &mut String) {
        text.push_str(
            "import atexit\nimport json\nimport os\nimport pathlib\nimport shutil\nimport sys\nimport tempfile\nimport time\n\n",
        );
        text.push_str("# The process's time zone and locale decide what some values mean; those of the recorded answer are set.\n");
        let mut environment = vec![("TZ", "UTC"), ("LC_ALL", "C.UTF-8"), ("SPARK_LOCAL_IP", "127.0.0.1")];
        environment.retain(|(name, _)| !self.case.surroundings.environment.contains_key(*name));
        let own = self.case.surroundings.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs: Vec<String> = environment
            .into_iter()
            .chain(own)
            .map(|(name, value)| format!("{}: {}", python(&json!(name)), python(&json!(value))))
            .collect();
        let _ = writeln!(text, "os.environ.update({{{}}})\ntime.tzset()", pairs.join(", "));
        text.push_str("_FOLDER = tempfile.mkdtemp(prefix=\"repro-\")\natexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)\n");
        if self.case.surroundings.modules.is_empty() {
            text.push('\n');
            return;
        }
        text.push_str("\n# Modules that the case finds installed.\n_MODULES = {\n");
        for (name, module) in &self.case.surroundings.modules {
            let _ = writeln!(text, "    {}: (", python(&json!(name)));
            for line in module.split_inclusive('\n') {
                let _ = writeln!(text, "        {}", python(&json!(line)));
            }
            text.push_str("    ),\n");
        }
        text.push_str(
            "}
for _name, _text in _MODULES.items():
    pathlib.Path(_FOLDER, _name + \".py\").write_text(_text, encoding=\"utf-8\")
sys.path.insert(0, _FOLDER)
os.environ[\"PYTHONPATH\"] = _FOLDER

",
        );
    }

    /// Sources of all cases may call it, whether or not the calls are compared.
    fn calls(&self, text: &mut String) {
        if !self.case.python.contains("record_call") {
            text.push_str("_CALLS = os.path.join(_FOLDER, \"calls.jsonl\")\n\n");
            return;
        }
        text.push_str(
            "_CALLS = os.path.join(_FOLDER, \"calls.jsonl\")


def record_call(callback, **details):
    \"\"\"Report that a callback was called, from whichever process: one JSON line in a file.\"\"\"
    with open(_CALLS, \"a\", encoding=\"utf-8\") as file:
        file.write(json.dumps({\"call\": callback, **details}, default=repr) + \"\\n\")


",
        );
    }

    fn scenario(&self, text: &mut String) {
        let case = self.case;
        text.push_str("def scenario(spark):\n");
        conf(text, case);
        register(text, case.register.as_deref(), true);
        match &case.steps {
            None => {
                let _ = writeln!(text, "    frame = {}", load(&case.read));
                if case.query.is_some() {
                    text.push_str("    frame.createOrReplaceTempView(\"source\")\n");
                }
            }
            Some(steps) => {
                for step in steps {
                    match step {
                        Step::Load { view, read } => {
                            let _ = writeln!(text, "    frame = {}", load(read));
                            let _ = writeln!(text, "    frame.createOrReplaceTempView({})", python(&json!(view)));
                        }
                        Step::Sql(statement) => {
                            let _ = writeln!(text, "    spark.sql({}).collect()", python(&json!(statement)));
                        }
                        Step::Register(expressions) => register(text, Some(expressions), false),
                        Step::NewSession => {
                            text.push_str("    spark = spark.newSession()\n");
                            conf(text, case);
                        }
                    }
                }
            }
        }
        match &case.query {
            Some(query) => {
                let _ = writeln!(text, "    return spark.sql({})", query_text(query));
            }
            None => text.push_str("    return frame\n"),
        }
        text.push('\n');
        if case.register.is_none() {
            text.push_str(
                "
def sources():
    \"\"\"Return the data sources that are defined above, in order.\"\"\"
    from pyspark.sql.datasource import DataSource

    classes = [value for value in globals().values() if isinstance(value, type)]
    own = [value for value in classes if issubclass(value, DataSource) and value.__module__ == __name__]
    return list(dict.fromkeys(own))

",
            );
        }
        text.push('\n');
    }

    fn facts(&self, text: &mut String) {
        let _ = writeln!(text, "_ID = {}", python(&json!(self.case.id.to_string())));
        let _ = writeln!(text, "_SPARK = {}", python(&json!(self.patch)));
        let ordered = if self.case.ordered { "True" } else { "False" };
        let _ = writeln!(text, "# Whether the order of rows counts.\n_ORDERED = {ordered}");
        let mut wire = self.case.wire();
        if let Some(fields) = wire.as_object_mut() {
            // The script hands over the text of the data source above.
            fields.remove("python");
        }
        let _ = writeln!(text, "# The scenario as the runner protocol has it.\n_CASE = {}", lines(&wire, 1));
        let golden = self.golden.map_or(Value::Null, Observation::to_json);
        let _ = writeln!(text, "GOLDEN = {}\n", lines(&golden, 2));
    }
}

fn is_future(line: &str) -> bool {
    line.starts_with("from __future__ import ")
}

fn section(text: &mut String, title: &str) {
    let rule = "-".repeat(100_usize.saturating_sub(title.chars().count() + 7));
    let _ = write!(text, "# --- {title} {rule}\n\n");
}

fn conf(text: &mut String, case: &Case) {
    for (key, value) in &case.conf {
        let _ = writeln!(text, "    spark.conf.set({}, {})", python(&json!(key)), python(&json!(value)));
    }
}

/// Registers what expressions give, or every source of the module. `first` makes the list that a default format needs.
fn register(text: &mut String, expressions: Option<&[String]>, first: bool) {
    let list = match expressions {
        None => "sources()".to_owned(),
        Some(expressions) => {
            let trimmed: Vec<&str> = expressions.iter().map(|expression| expression.trim()).collect();
            format!("[{}]", trimmed.join(", "))
        }
    };
    if first {
        let _ = writeln!(text, "    registered = {list}");
        text.push_str("    for source in registered:\n        spark.dataSource.register(source)\n");
    } else {
        let _ = writeln!(text, "    for source in {list}:\n        spark.dataSource.register(source)");
    }
}

fn load(read: &Read) -> String {
    let mut call = "spark.read".to_owned();
    match &read.format {
        Some(format) => {
            let _ = write!(call, ".format({})", python(&json!(format)));
        }
        None => call += ".format(registered[0].name())",
    }
    for (key, value) in &read.options {
        let _ = write!(call, ".option({}, {})", python(&json!(key)), python(value));
    }
    if let Some(schema) = &read.schema {
        let _ = write!(call, ".schema({})", python(&json!(schema)));
    }
    let path = match &read.path {
        None => String::new(),
        Some(ReadPath::One(path)) => python(&json!(path)),
        Some(ReadPath::Many(paths)) => python(&json!(paths)),
    };
    format!("{call}.load({path})")
}

/// A query as people write it: one of several lines in triple quotes, where nothing in it speaks against that.
fn query_text(query: &str) -> String {
    let plain = |c: char| c != '\\' && (!c.is_control() || c == '\n');
    if query.contains('\n') && query.chars().all(plain) && !query.contains("\"\"\"") && !query.ends_with('"') {
        return format!("\"\"\"{query}\"\"\"");
    }
    python(&json!(query))
}

/// The support with the runners' modules in it.
fn support() -> String {
    SUPPORT.replace("    #{values}\n", &embedded(VALUES)).replace("    #{errors}\n", &embedded(ERRORS))
}

/// A module's text as a part of a function: without its docstring, its `__future__` and its `__all__`.
fn embedded(module: &str) -> String {
    let without_docstring = module.splitn(3, "\"\"\"").nth(2).unwrap_or(module);
    let kept = without_docstring.trim_start().lines().filter(|line| {
        !line.starts_with("from __future__") && !line.starts_with("__all__") && !line.starts_with("import sys")
    });
    let mut text = String::new();
    let mut blank = true;
    for line in kept {
        // One blank line separates what is nested.
        if line.is_empty() {
            if !blank {
                text.push('\n');
            }
            blank = true;
            continue;
        }
        blank = false;
        let _ = writeln!(text, "    {line}");
    }
    text
}

#[cfg(test)]
mod tests;
