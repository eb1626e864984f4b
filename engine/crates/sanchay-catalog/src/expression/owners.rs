//! Names of users.

/// Finds the number of a user by name.
pub trait Owners {
    /// The number, or None where the system knows no such user.
    fn uid(&self, name: &str) -> Option<u32>;
}

/// The users that the system knows; none on platforms where a user has no number.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemOwners;

impl Owners for SystemOwners {
    fn uid(&self, name: &str) -> Option<u32> {
        sanchay_core::user_id(name)
    }
}
