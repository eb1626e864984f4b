//! The names of one folder as a listing gave them, each once, with what the listing told of them.

use crate::name_set::NameSet;

/// What is told of so many names is kept from one folder to the next.
const TOLD_KEPT: usize = 4096;

/// Names, their numbers in the order of the listing, and the way from a name to its number: some 50 bytes a name.
#[derive(Debug)]
pub struct Listing<T> {
    names: NameSet,
    told: Vec<T>,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self { names: NameSet::default(), told: Vec::new() }
    }
}

impl<T> Listing<T> {
    /// Forgets all names; what a large folder took is given back.
    pub fn clear(&mut self) {
        self.names.clear();
        self.told.clear();
        self.told.shrink_to(TOLD_KEPT);
    }

    /// Takes a name in, unless it is there already: some file systems list one twice.
    #[inline]
    pub fn put(&mut self, name: &[u8], told: T) {
        if self.names.insert(name) {
            self.told.push(told);
        }
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.told.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// A name by its number, with what was told of it.
    #[inline]
    pub fn get(&self, number: usize) -> (&[u8], &T) {
        (self.names.name(number), &self.told[number])
    }

    /// The number of a name.
    pub fn position(&self, name: &[u8]) -> Option<usize> {
        self.names.position(name)
    }

    /// All of them, in the order of the listing.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &T)> {
        self.told.iter().enumerate().map(|(number, told)| (self.names.name(number), told))
    }
}

#[cfg(test)]
mod tests {
    use super::Listing;

    #[test]
    fn a_name_has_the_number_of_its_first_place_and_what_was_told_then() {
        let mut listing = Listing::default();
        for round in 0..2 {
            listing.clear();
            for number in 0..20_000_u32 {
                listing.put(format!("name {number}").as_bytes(), number + round);
                listing.put(format!("name {}", number / 2).as_bytes(), u32::MAX);
            }
            assert_eq!(listing.len(), 20_000);
            for (number, (name, told)) in listing.iter().enumerate() {
                assert_eq!(name, format!("name {number}").as_bytes());
                assert_eq!((*told, listing.position(name)), (number as u32 + round, Some(number)));
                assert_eq!(listing.get(number), (name, told));
            }
            assert_eq!(listing.position(b"name 20000"), None);
        }
    }
}
