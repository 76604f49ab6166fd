//! The values of string literals and back-quoted names.

/// The value of a string literal with its quotes: escapes resolved, raw literals (`r'…'`) as they stand.
///
/// `\%` and `\_` keep their backslash, for LIKE; an unknown escape stands for its character.
pub(crate) fn string_value(literal: &str) -> String {
    if literal.starts_with(['r', 'R']) {
        return strip(literal, 2).to_owned();
    }
    let quote = literal.chars().next().unwrap_or('\'');
    // UTF-16 units, so that an escaped surrogate pair becomes the one character that it encodes.
    let mut units: Vec<u16> = Vec::with_capacity(literal.len());
    let mut rest = strip(literal, 1);
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or("");
        rest = match c {
            '\\' => escape(tail, &mut units),
            _ => {
                push(&mut units, c);
                if c == quote { tail.strip_prefix(quote).unwrap_or(tail) } else { tail }
            }
        };
    }
    // A lone surrogate has no UTF-8 form; Java writes a question mark.
    char::decode_utf16(units).map(|c| c.unwrap_or('?')).collect()
}

/// The name in a back-quoted token.
pub(crate) fn quoted_name(token: &str) -> String {
    strip(token, 1).replace("``", "`")
}

fn strip(literal: &str, head: usize) -> &str {
    literal.get(head..literal.len().saturating_sub(1)).unwrap_or("")
}

fn push(units: &mut Vec<u16>, c: char) {
    units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
}

/// Resolves the escape after a backslash; what remains of the text.
fn escape<'a>(text: &'a str, units: &mut Vec<u16>) -> &'a str {
    let after = |count: usize| text.get(count..).unwrap_or("");
    let digits = |from: usize, count: usize, radix: u32| {
        let part = text.get(from..from + count)?;
        part.chars().all(|c| c.is_digit(radix)).then(|| u32::from_str_radix(part, radix).ok()).flatten()
    };
    let Some(c) = text.chars().next() else { return text };
    if c == 'u'
        && let Some(unit) = digits(1, 4, 16)
    {
        units.extend(u16::try_from(unit));
        return after(5);
    }
    if c == 'U'
        && let Some(code) = digits(1, 8, 16)
    {
        match char::from_u32(code) {
            Some(c) => push(units, c),
            None => units.extend([0xD800, 0xD800]),
        }
        return after(9);
    }
    if matches!(c, '0' | '1')
        && let Some(code) = digits(0, 3, 8)
    {
        units.extend(u16::try_from(code));
        return after(3);
    }
    match c {
        '0' => units.push(0),
        'b' => units.push(8),
        'n' => units.push(10),
        'r' => units.push(13),
        't' => units.push(9),
        'Z' => units.push(26),
        '%' | '_' => {
            push(units, '\\');
            push(units, c);
        }
        other => push(units, other),
    }
    after(c.len_utf8())
}
