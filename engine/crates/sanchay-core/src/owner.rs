//! Owners of files.

/// The number of a user; None where the system knows no such user, or gives users no numbers.
pub fn user_id(name: &str) -> Option<u32> {
    crate::platform::user_id(name)
}

#[cfg(all(test, unix))]
mod tests {
    use super::user_id;

    #[test]
    fn the_system_knows_root_and_no_nonsense() {
        assert_eq!(user_id("root"), Some(0));
        assert_eq!(user_id("no such user"), None);
        assert_eq!(user_id("a\0b"), None);
    }
}
