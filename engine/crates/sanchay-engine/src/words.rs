//! Words of settings and questions, as callers give them; an unknown one is an error that says which there are.

use sanchay_core::{Algorithm, FileType};

use crate::error::EngineError;

/// One of the words, or the error that names all of them.
pub(crate) fn one_of<T>(
    what: &str,
    text: &str,
    known: impl IntoIterator<Item = (&'static str, T)>,
) -> Result<T, EngineError> {
    let mut words = Vec::new();
    for (word, value) in known {
        if word == text {
            return Ok(value);
        }
        words.push(word);
    }
    Err(EngineError::invalid_argument(format!("'{text}' is not a valid {what}: use one of {}", words.join(", "))))
}

/// Reads the name of a hash function.
pub fn algorithm(text: &str) -> Result<Algorithm, EngineError> {
    one_of("hash", text, Algorithm::ALL.map(|known| (known.name(), known)))
}

/// Reads the name of a type of file.
pub fn file_type(text: &str) -> Result<FileType, EngineError> {
    one_of("type of file", text, FileType::ALL.map(|known| (known.name(), known)))
}

/// Reads how much is logged, as a level of `tracing`.
pub fn log_level(text: &str) -> Result<tracing::Level, EngineError> {
    one_of(
        "log level",
        &text.to_ascii_lowercase(),
        [
            ("error", tracing::Level::ERROR),
            ("critical", tracing::Level::ERROR),
            ("warning", tracing::Level::WARN),
            ("warn", tracing::Level::WARN),
            ("info", tracing::Level::INFO),
            ("debug", tracing::Level::DEBUG),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_names_those_that_there_are() {
        let error = algorithm("md5").unwrap_err();
        assert_eq!(error.message, "'md5' is not a valid hash: use one of blake3, sha256");
        assert_eq!(log_level("Warning").unwrap(), tracing::Level::WARN);
        assert_eq!(algorithm("sha256").unwrap(), Algorithm::Sha256);
        assert!(file_type("picture").is_err());
    }
}
