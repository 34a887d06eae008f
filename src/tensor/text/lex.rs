//! Words, numbers, quoted names and signs, each with its line.

use super::ParseError;

/// A piece of text.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// Letters, digits, `_` and `.`, beginning with a letter or `_`.
    Word(String),
    /// As it stands: digits with a sign, a fraction and an exponent; `-inf`.
    Number(String),
    /// What stood between the quotes.
    Quoted(String),
    /// One of `{ } [ ] < > : , = + * @`, or `..`.
    Sign(&'static str),
    /// The end of the text.
    End,
}

const SIGNS: [&str; 12] = ["..", "{", "}", "[", "]", "<", ">", ":", ",", "=", "+", "*"];

/// All tokens with their lines, from 1; the last is [`Token::End`].
pub(super) fn lex(text: &str) -> Result<Vec<(Token, usize)>, ParseError> {
    let mut tokens = Vec::new();
    let mut lines = 0;
    for (number, line) in text.lines().enumerate() {
        lines = number + 1;
        let mut rest = line.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            let (token, length) = token(rest).map_err(|message| ParseError { line: lines, message })?;
            tokens.push((token, lines));
            rest = rest[length..].trim_start();
        }
    }
    tokens.push((Token::End, lines.max(1)));
    Ok(tokens)
}

/// The first token and its length in bytes.
fn token(rest: &str) -> Result<(Token, usize), String> {
    let head = rest.chars().next().unwrap_or(' ');
    if head.is_ascii_alphabetic() || head == '_' {
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
        return Ok((Token::Word(rest[..length].to_string()), length));
    }
    if head == '"' {
        return quoted(rest);
    }
    if head.is_ascii_digit() || head == '-' {
        return number(rest);
    }
    if head == '@' {
        return Ok((Token::Sign("@"), 1));
    }
    match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        Some(sign) => Ok((Token::Sign(sign), sign.len())),
        None => Err(format!("{head:?} begins nothing")),
    }
}

fn number(rest: &str) -> Result<(Token, usize), String> {
    let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(rest.starts_with('-'));
    if rest[sign..].starts_with("inf") {
        return Ok((Token::Number(rest[..sign + 3].to_string()), sign + 3));
    }
    let mut length = sign + digits(sign);
    if length == sign {
        return Err("a number has digits".into());
    }
    if rest[length..].starts_with('.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if rest[length..].starts_with(['e', 'E']) {
        let signed = usize::from(rest[length + 1..].starts_with(['+', '-']));
        let exponent = digits(length + 1 + signed);
        if exponent > 0 {
            length += 1 + signed + exponent;
        }
    }
    Ok((Token::Number(rest[..length].to_string()), length))
}

fn quoted(rest: &str) -> Result<(Token, usize), String> {
    let mut name = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((Token::Quoted(name), at + 1)),
            '\\' => name.push(escaped(&mut chars)?),
            c => name.push(c),
        }
    }
    Err("a quoted name ends with its line".into())
}

fn escaped(chars: &mut impl Iterator<Item = (usize, char)>) -> Result<char, String> {
    match chars.next().map(|(_, c)| c) {
        Some('n') => Ok('\n'),
        Some('r') => Ok('\r'),
        Some('t') => Ok('\t'),
        Some('0') => Ok('\0'),
        Some(c @ ('"' | '\\' | '\'')) => Ok(c),
        Some('u') => {
            let code: String = chars.map(|(_, c)| c).skip(1).take_while(|c| *c != '}').take(6).collect();
            let code = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
            code.ok_or_else(|| "no such character".to_string())
        }
        _ => Err("no such escape".into()),
    }
}
