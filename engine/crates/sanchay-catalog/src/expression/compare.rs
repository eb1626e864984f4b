//! The signs before a number or a date, and ranges of them.

/// How a value is compared; the texts are what is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison<'a> {
    Above(&'a str),
    AtLeast(&'a str),
    Below(&'a str),
    AtMost(&'a str),
    Equal(&'a str),
    /// From and to, both included; an end that is not written is open.
    Range(Option<&'a str>, Option<&'a str>),
}

impl<'a> Comparison<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        if let Some((low, high)) = text.split_once("..") {
            if low.starts_with(['<', '>', '=']) || high.starts_with(['<', '>', '=']) {
                return Err(format!("{text:?} is to be either a comparison or a range, not both"));
            }
            if low.is_empty() && high.is_empty() {
                return Err("a range needs an end, such as 1..2, 1.. or ..2".to_owned());
            }
            let end = |text: &'a str| Some(text).filter(|text| !text.is_empty());
            return Ok(Self::Range(end(low), end(high)));
        }
        // The longer sign comes first, since the shorter begins it.
        Ok(if let Some(text) = text.strip_prefix(">=") {
            Self::AtLeast(text)
        } else if let Some(text) = text.strip_prefix("<=") {
            Self::AtMost(text)
        } else if let Some(text) = text.strip_prefix('>') {
            Self::Above(text)
        } else if let Some(text) = text.strip_prefix('<') {
            Self::Below(text)
        } else {
            Self::Equal(text.strip_prefix('=').unwrap_or(text))
        })
    }
}
