//! `DataFrame.show` and its HTML form: the first rows as a text, which is the only value of the result.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType as ArrowType, Field, Schema, SchemaRef};
use seatrial_engine::error::SparkError;
use spark_connect_proto::{HtmlString, Relation, ShowString};

use super::super::attribute::Attribute;
use super::super::{Planned, Planner, unsupported};
use crate::deferred;
use crate::shown::Shower;

/// As many rows as Spark shows at most: what a Java array holds, less the row that tells whether there are more.
const MOST_ROWS: i32 = i32::MAX - 16;

/// No column is narrower.
const NARROWEST: usize = 3;

/// What becomes of the first rows.
#[derive(Debug, Clone, Copy)]
enum Form {
    Table { truncate: usize },
    Vertical { truncate: usize },
    Html { truncate: usize },
}

impl Planner<'_> {
    pub(super) async fn show_string(&self, show: &ShowString) -> Result<Planned, SparkError> {
        let truncate = usize::try_from(show.truncate).unwrap_or_default();
        let form = if show.vertical { Form::Vertical { truncate } } else { Form::Table { truncate } };
        self.shown(show.input.as_deref(), show.num_rows, form).await
    }

    pub(super) async fn html_string(&self, html: &HtmlString) -> Result<Planned, SparkError> {
        let truncate = usize::try_from(html.truncate).unwrap_or_default();
        self.shown(html.input.as_deref(), html.num_rows, Form::Html { truncate }).await
    }

    async fn shown(&self, input: Option<&Relation>, rows: i32, form: Form) -> Result<Planned, SparkError> {
        let rows = rows.clamp(0, MOST_ROWS);
        // One more tells whether there are more.
        let first = self.limit(input, Some(rows + 1), 0).await?;
        let rows = usize::try_from(rows).unwrap_or_default();
        if first.columns.is_empty() && matches!(form, Form::Vertical { .. }) {
            return Err(unsupported("showing a DataFrame without columns vertically"));
        }
        let name = if matches!(form, Form::Html { .. }) { "html_string" } else { "show_string" };
        let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new(name, ArrowType::Utf8, false)]));
        let output = Arc::clone(&schema);
        let (engine, frame, columns) = (self.session.engine.clone(), first.frame, first.columns);
        let frame = deferred::frame(&self.session.engine, schema, move || {
            let (engine, frame, columns) = (engine.clone(), frame.clone(), columns.clone());
            let output = Arc::clone(&output);
            Box::pin(async move {
                let shower = Shower::of_session(&engine)?;
                let batches = frame.collect().await?;
                let first = First::of(&columns, &batches, rows, &shower)?;
                let text = first.text(form);
                let batch = RecordBatch::try_new(output, vec![Arc::new(StringArray::from(vec![text]))]);
                Ok(vec![batch.map_err(SparkError::internal)?])
            })
        })?;
        self.leaf(&frame, &[])
    }
}

/// The first rows of a relation, as texts.
#[derive(Debug)]
struct First {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
    has_more: bool,
}

impl First {
    fn of(columns: &[Attribute], batches: &[RecordBatch], wanted: usize, shower: &Shower) -> Result<Self, SparkError> {
        let found: usize = batches.iter().map(RecordBatch::num_rows).sum();
        let mut rows: Vec<Vec<String>> = Vec::with_capacity(found.min(wanted));
        for batch in batches {
            let start = rows.len();
            rows.extend(std::iter::repeat_with(|| Vec::with_capacity(columns.len())).take(batch.num_rows()));
            for (column, array) in columns.iter().zip(batch.columns()) {
                let texts = shower.column(array, &column.field.data_type)?;
                for (row, text) in rows.iter_mut().skip(start).zip(texts) {
                    row.push(escaped(&text.unwrap_or_else(|| "NULL".to_owned())));
                }
            }
        }
        rows.truncate(wanted);
        let names = columns.iter().map(|column| escaped(column.name())).collect();
        Ok(Self { names, rows, has_more: found > wanted })
    }

    fn text(mut self, form: Form) -> String {
        let (Form::Table { truncate } | Form::Vertical { truncate } | Form::Html { truncate }) = form;
        if truncate > 0 {
            for text in self.rows.iter_mut().flatten() {
                *text = truncated(text, truncate);
            }
        }
        match form {
            Form::Table { truncate } => self.table(truncate > 0),
            Form::Vertical { .. } => self.vertical(),
            Form::Html { .. } => self.html(),
        }
    }

    /// That there are more rows.
    fn more(&self) -> Option<String> {
        let rows = if self.rows.len() == 1 { "row" } else { "rows" };
        self.has_more.then(|| format!("only showing top {} {rows}", self.rows.len()))
    }

    fn table(&self, to_the_right: bool) -> String {
        let width = |(index, name): (usize, &String)| {
            let values = self.rows.iter().filter_map(|row| row.get(index));
            values.chain([name]).map(|text| width(text)).max().unwrap_or_default().max(NARROWEST)
        };
        let widths: Vec<usize> = self.names.iter().enumerate().map(width).collect();
        let border = match widths.is_empty() {
            true => "++\n".to_owned(),
            false => {
                format!("+{}\n", widths.iter().map(|width| format!("{}+", "-".repeat(*width))).collect::<String>())
            }
        };
        let line = |texts: &[String]| {
            let cells = texts.iter().zip(&widths).map(|(text, width)| {
                let padding = padding(text, *width);
                if to_the_right { format!("{padding}{text}") } else { format!("{text}{padding}") }
            });
            format!("|{}|\n", cells.collect::<Vec<_>>().join("|"))
        };
        let mut table = format!("{border}{}{border}", line(&self.names));
        table.extend(self.rows.iter().map(|row| line(row)));
        table.push_str(&border);
        table.extend(self.more());
        table
    }

    fn vertical(&self) -> String {
        if self.rows.is_empty() {
            return "(0 rows)".to_owned();
        }
        let widest = |texts: &mut dyn Iterator<Item = &String>| {
            texts.map(|text| width(text)).max().unwrap_or_default().max(NARROWEST)
        };
        let (names, values) = (widest(&mut self.names.iter()), widest(&mut self.rows.iter().flatten()));
        let mut records = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            // Two blanks and a line between name and value, and a blank on either side.
            records.push_str(&format!("{:-<width$}\n", format!("-RECORD {index}"), width = names + values + 5));
            for (name, value) in self.names.iter().zip(row) {
                let (after_name, after_value) = (padding(name, names), padding(value, values));
                records.push_str(&format!(" {name}{after_name} | {value}{after_value} \n"));
            }
        }
        records.extend(self.more());
        records
    }

    fn html(&self) -> String {
        let line = |texts: &[String], tag: &str| {
            let cells = texts.iter().map(|text| format!("<{tag}>{}</{tag}>", for_html(text)));
            format!("<tr>{}</tr>\n", cells.collect::<String>())
        };
        let mut table = format!("<table border='1'>\n{}", line(&self.names, "th"));
        table.extend(self.rows.iter().map(|row| line(row, "td")));
        table.push_str("</table>\n");
        table.extend(self.more().map(|more| more + "\n"));
        table
    }
}

/// How many columns of a terminal a text takes, as Spark counts them: two for each wide character of East Asia, one for each
/// other unit of UTF-16.
fn width(text: &str) -> usize {
    text.chars().map(|character| if is_wide(character) { 2 } else { character.len_utf16() }).sum()
}

fn is_wide(character: char) -> bool {
    matches!(character,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe10}'..='\u{fe19}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}')
}

fn padding(text: &str, to: usize) -> String {
    " ".repeat(to.saturating_sub(width(text)))
}

/// The text with at most so many units of UTF-16, of which three say that it was longer, if there is room for them.
fn truncated(text: &str, to: usize) -> String {
    if text.encode_utf16().count() <= to {
        return text.to_owned();
    }
    let (kept, ellipsis) = if to < 4 { (to, "") } else { (to - 3, "...") };
    let units: Vec<u16> = text.encode_utf16().take(kept).collect();
    // Half a character becomes a question mark in Java.
    let kept = char::decode_utf16(units).map(|character| character.unwrap_or('?'));
    kept.chain(ellipsis.chars()).collect()
}

/// The text on one line.
fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            '\u{c}' => line.push_str("\\f"),
            '\u{8}' => line.push_str("\\b"),
            '\u{b}' => line.push_str("\\v"),
            '\u{7}' => line.push_str("\\a"),
            character => line.push(character),
        }
    }
    line
}

fn for_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn first(names: &[&str], rows: &[&[&str]], has_more: bool) -> First {
        let texts = |texts: &[&str]| texts.iter().map(|text| escaped(text)).collect();
        First { names: texts(names), rows: rows.iter().map(|row| texts(row)).collect(), has_more }
    }

    fn long() -> First {
        let (long, wide) = ("a".repeat(25), "日本語".repeat(8));
        first(
            &["s", "n", "w"],
            &[&[&long, "1", &wide], &[&"b".repeat(20), "NULL", "x"], &["NULL", "333", "NULL"]],
            false,
        )
    }

    // All expected texts are those of PySpark 4.2.1.

    #[test]
    fn a_truncated_table_stands_to_the_right() {
        let expected = "\
+--------------------+----+-------------------------------------+
|                   s|   n|                                    w|
+--------------------+----+-------------------------------------+
|aaaaaaaaaaaaaaaaa...|   1|日本語日本語日本語日本語日本語日本...|
|bbbbbbbbbbbbbbbbbbbb|NULL|                                    x|
|                NULL| 333|                                 NULL|
+--------------------+----+-------------------------------------+
";
        assert_eq!(long().text(Form::Table { truncate: 20 }), expected);
    }

    #[test]
    fn a_whole_table_stands_to_the_left() {
        let expected = "\
+-------------------------+----+------------------------------------------------+
|s                        |n   |w                                               |
+-------------------------+----+------------------------------------------------+
|aaaaaaaaaaaaaaaaaaaaaaaaa|1   |日本語日本語日本語日本語日本語日本語日本語日本語|
|bbbbbbbbbbbbbbbbbbbb     |NULL|x                                               |
|NULL                     |333 |NULL                                            |
+-------------------------+----+------------------------------------------------+
";
        assert_eq!(long().text(Form::Table { truncate: 0 }), expected);
    }

    #[test]
    fn records_stand_below_each_other() {
        let expected = "\
-RECORD 0----
 s   | a...  
 n   | 1     
 w   | 日... 
-RECORD 1----
 s   | b...  
 n   | NULL  
 w   | x     
-RECORD 2----
 s   | NULL  
 n   | 333   
 w   | NULL  
";
        assert_eq!(long().text(Form::Vertical { truncate: 4 }), expected);
        assert_eq!(first(&["a"], &[], true).text(Form::Vertical { truncate: 20 }), "(0 rows)");
    }

    #[test]
    fn more_rows_are_told_of() {
        let one = first(&["id"], &[&["0"]], true);
        assert_eq!(one.text(Form::Table { truncate: 20 }), "+---+\n| id|\n+---+\n|  0|\n+---+\nonly showing top 1 row");
        let none = first(&["id"], &[], true);
        assert_eq!(none.text(Form::Table { truncate: 20 }), "+---+\n| id|\n+---+\n+---+\nonly showing top 0 rows");
    }

    #[test]
    fn rows_without_columns_are_lines() {
        assert_eq!(first(&[], &[&[], &[]], false).text(Form::Table { truncate: 20 }), "++\n||\n++\n||\n||\n++\n");
    }

    #[test]
    fn html_is_escaped() {
        let rows = first(&["a", "b<c"], &[&["1", "<b>&\"x'"], &["2", &"z".repeat(30)]], true);
        let expected = "<table border='1'>\n<tr><th>a</th><th>b&lt;c</th></tr>\n\
                        <tr><td>1</td><td>&lt;b&gt;&amp;&quot;x'</td></tr>\n\
                        <tr><td>2</td><td>zzzzzzzzzzzzzzzzz...</td></tr>\n</table>\nonly showing top 2 rows\n";
        assert_eq!(rows.text(Form::Html { truncate: 20 }), expected);
    }

    #[rstest]
    #[case("日本語", 6)]
    #[case("😀x", 3)]
    #[case("ｱ", 1)]
    #[case("한글", 4)]
    #[case("ＡＢ", 4)]
    fn widths_are_those_of_a_terminal(#[case] text: &str, #[case] expected: usize) {
        assert_eq!(width(text), expected);
    }

    #[test]
    fn a_text_stays_on_its_line() {
        assert_eq!(escaped("a\nb\tc\rd\\e\u{7}\u{8}\u{b}\u{c}"), "a\\nb\\tc\\rd\\e\\a\\b\\v\\f");
    }
}
