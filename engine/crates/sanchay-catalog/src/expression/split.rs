//! An expression cut into terms, before anything is known of their meaning.

use super::error::ExpressionError;

/// A term as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawTerm {
    /// Exactly as typed, with sign and quotes.
    pub(super) text: String,
    /// Where it begins, in characters.
    pub(super) position: usize,
    pub(super) negated: bool,
    /// What stands before the first colon; None for bare text.
    pub(super) key: Option<String>,
    /// What is left, without the quotes around it.
    pub(super) value: String,
    /// Whether there were any.
    pub(super) quoted: bool,
}

/// Cuts at blanks outside quotes.
pub(super) fn split(expression: &str) -> Result<Vec<RawTerm>, ExpressionError> {
    let letters: Vec<char> = expression.chars().collect();
    let mut terms = Vec::new();
    let mut position = 0;
    while position < letters.len() {
        if is_blank(letters[position]) {
            position += 1;
            continue;
        }
        let (term, length) = read_term(&letters[position..], position)?;
        position += length;
        terms.push(term);
    }
    Ok(terms)
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r')
}

/// One term from the start of `letters`, and its length.
fn read_term(letters: &[char], position: usize) -> Result<(RawTerm, usize), ExpressionError> {
    let negated = letters[0] == '-';
    let mut index = usize::from(negated);
    let (mut key, mut value, mut quoted) = (None, String::new(), false);
    while let Some(letter) = letters.get(index).copied().filter(|letter| !is_blank(*letter)) {
        index += 1;
        match letter {
            // A quote that begins a value is closed at its end; anywhere else it is a character like others.
            '"' if value.is_empty() => {
                let length = read_quoted(&letters[index..], &mut value).ok_or_else(|| ExpressionError {
                    term: letters.iter().collect(),
                    position,
                    message:
                        "the quote is not closed: write a second \" where the value ends, or \\\" inside quotes for \
                              the character itself"
                            .to_owned(),
                })?;
                (quoted, index) = (true, index + length);
                break;
            }
            ':' if key.is_none() && !value.is_empty() => key = Some(std::mem::take(&mut value)),
            other => value.push(other),
        }
    }
    let text: String = letters[..index].iter().collect();
    if value.is_empty() && key.is_none() {
        let message = if quoted {
            "an empty text is in every name: leave the term out".to_owned()
        } else {
            "a - negates the term that follows it without a blank; for the character itself write \"-\"".to_owned()
        };
        return Err(ExpressionError { term: text, position, message });
    }
    Ok((RawTerm { text, position, negated, key, value, quoted }, index))
}

/// Reads to the closing quote, behind which the term ends; the length includes it. None: there is none.
fn read_quoted(letters: &[char], value: &mut String) -> Option<usize> {
    let mut index = 0;
    loop {
        match (letters.get(index)?, letters.get(index + 1)) {
            ('"', None) => return Some(index + 1),
            ('"', Some(next)) if is_blank(*next) => return Some(index + 1),
            ('\\', Some(escaped @ ('"' | '\\'))) => {
                value.push(*escaped);
                index += 2;
            }
            (other, _) => {
                value.push(*other);
                index += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Negated, key, value, position.
    type Expected = (bool, Option<&'static str>, &'static str, usize);

    #[test]
    fn terms_are_parted_by_blanks_and_held_by_quotes() {
        let cases: &[(&str, &[Expected])] = &[
            ("", &[]),
            (" \t\r\n", &[]),
            ("a", &[(false, None, "a", 0)]),
            ("  a\tb ", &[(false, None, "a", 2), (false, None, "b", 4)]),
            ("-a", &[(true, None, "a", 0)]),
            ("--a", &[(true, None, "-a", 0)]),
            ("a-b", &[(false, None, "a-b", 0)]),
            (r#""two words" x"#, &[(false, None, "two words", 0), (false, None, "x", 12)]),
            (r#"under:"/a b""#, &[(false, Some("under"), "/a b", 0)]),
            (r#"-under:"/a b""#, &[(true, Some("under"), "/a b", 0)]),
            (r#"under:/a/"b""#, &[(false, Some("under"), r#"/a/"b""#, 0)]),
            (r#"12" vinyl"#, &[(false, None, "12\"", 0), (false, None, "vinyl", 4)]),
            (r#""12" vinyl" x"#, &[(false, None, "12", 0), (false, None, "vinyl\"", 5), (false, None, "x", 12)]),
            (r#""a "b" c""#, &[(false, None, r#"a "b"#, 0), (false, None, "c\"", 7)]),
            (r#""a"b""#, &[(false, None, r#"a"b"#, 0)]),
            (r#"a"b"#, &[(false, None, r#"a"b"#, 0)]),
            (r#""a:b""#, &[(false, None, "a:b", 0)]),
            (r#"ext:"""#, &[(false, Some("ext"), "", 0)]),
            (r#""-a""#, &[(false, None, "-a", 0)]),
            (":a", &[(false, None, ":a", 0)]),
            ("a:b:c", &[(false, Some("a"), "b:c", 0)]),
            (r#""a\"b\\c\d""#, &[(false, None, r#"a"b\c\d"#, 0)]),
            (r"a\b", &[(false, None, r"a\b", 0)]),
            ("é ü", &[(false, None, "é", 0), (false, None, "ü", 2)]),
            ("a:", &[(false, Some("a"), "", 0)]),
        ];
        for (expression, expected) in cases {
            let terms = split(expression).unwrap();
            let found: Vec<_> =
                terms.iter().map(|term| (term.negated, term.key.as_deref(), &*term.value, term.position)).collect();
            assert_eq!(&found, expected, "{expression}");
        }
    }

    #[test]
    fn a_term_that_says_nothing_is_refused_where_it_stands() {
        for (expression, term, position, reason) in [
            ("é \"a b", "\"a b", 2, "not closed"),
            ("a name:\"b\\\"", "name:\"b\\\"", 2, "not closed"),
            ("\"a\"b:c", "\"a\"b:c", 0, "where the value ends"),
            ("a - b", "-", 2, "negates the term"),
            ("\"\"", "\"\"", 0, "empty text"),
            ("-\"\"", "-\"\"", 0, "empty text"),
        ] {
            let error = split(expression).unwrap_err();
            assert_eq!((&*error.term, error.position), (term, position), "{expression}");
            assert!(error.message.contains(reason), "{expression}: {error}");
        }
    }
}
