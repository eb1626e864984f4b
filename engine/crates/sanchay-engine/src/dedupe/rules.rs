//! Which copies of a group go, by the rules of a plan: a pure function, so that every case is a test.
//!
//! A physical copy goes as a whole, with all of its names, or not at all: one of two hard links frees nothing. Where
//! the rules do not say which one stays, the group is undecided; nothing is guessed.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use sanchay_core::path::is_within;

/// Which of two copies is rather kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preference {
    /// The one below this folder.
    Under(Vec<u8>),
    /// The one whose content changed first.
    Oldest,
    /// The one whose content changed last.
    Newest,
    /// The one with fewer bytes in its path.
    ShortestPath,
    /// The one with more hard links.
    Linked,
}

/// The rules of a plan.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Which copy is kept, the first that decides first. Empty: by the order of the roots, most linked, oldest, path.
    pub prefer: Vec<Preference>,
    /// Whether only copies that fit an expression may go (`may_go` says which fit).
    pub has_drop: bool,
    /// How many physical copies stay at least; 1 or more.
    pub min_copies: usize,
    /// On how many devices they lie at least; 1 or more.
    pub min_devices: usize,
    /// Whether a copy of each file name stays.
    pub one_of_each_name: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { prefer: Vec::new(), has_drop: false, min_copies: 1, min_devices: 1, one_of_each_name: false }
    }
}

/// One physical copy within the plan's scope.
#[derive(Clone, Debug)]
pub struct Copy {
    /// The whole path of each of its names, in order; never empty.
    pub paths: Vec<Vec<u8>>,
    /// The place of its root in the order of the roots.
    pub root_order: usize,
    /// Hard links, those outside the scope included.
    pub links: u32,
    /// Last change of the content, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// The device that it is on.
    pub device: u64,
    /// The replica that it is part of (`--isolate`): its copies never go for one another.
    pub replica: Option<usize>,
    /// Why it stays whatever the rules say: it fits `--keep`, lies in a hidden folder, ...
    pub protected: Option<&'static str>,
    /// Whether every name of it fits `--drop`; true where there is no such rule.
    pub may_go: bool,
    /// Why what would be done to it cannot be done where it is.
    pub cannot: Option<&'static str>,
}

/// What becomes of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rules do not say.
    Undecided,
    /// It stays.
    Keep,
    /// It goes; the number is that of the copy that stays for it.
    Drop(usize),
}

/// What becomes of a group: a verdict and its reason for each copy, in their order.
pub type Ruling = Vec<(Verdict, &'static str)>;

/// Decides a group. `accompanied(dropped, kept)`: whether what belongs to the first (a sidecar, the raw beside a JPEG)
/// has its equal beside the second.
pub fn decide(copies: &[Copy], rules: &Rules, accompanied: &dyn Fn(usize, usize) -> bool) -> Ruling {
    let mut ruling: Ruling = vec![(Verdict::Keep, "only-copy"); copies.len()];
    if copies.len() < 2 {
        return ruling;
    }
    let order = Order { copies, rules };
    if order.devices(&(0..copies.len()).collect()) < rules.min_devices {
        return vec![(Verdict::Keep, "too-few-devices"); copies.len()];
    }
    let mut stays: BTreeSet<usize> = BTreeSet::new();
    for (number, copy) in copies.iter().enumerate() {
        if let Some(reason) = copy.protected {
            stays.insert(number);
            ruling[number] = (Verdict::Keep, reason);
        } else if !copy.may_go {
            stays.insert(number);
            ruling[number] = (Verdict::Keep, "not-to-drop");
        }
    }
    let candidates: Vec<usize> = (0..copies.len()).filter(|number| !stays.contains(number)).collect();
    // One that stays for each name, where a copy of each is asked for; else one set for all.
    for names in order.sets(&candidates) {
        match order.chosen(&names, &stays) {
            Ok(chosen) => {
                for number in chosen {
                    stays.insert(number);
                    ruling[number] = (Verdict::Keep, order.reason());
                }
            }
            Err(reason) => {
                for number in names {
                    stays.insert(number);
                    ruling[number] = (Verdict::Undecided, reason);
                }
            }
        }
    }
    let mut kept: Vec<usize> = stays.iter().copied().filter(|number| ruling[*number].0 == Verdict::Keep).collect();
    kept.sort_by(|one, other| order.compare(*one, *other));
    for number in candidates {
        if !stays.contains(&number) {
            ruling[number] = order.for_whom(number, &kept, accompanied);
        }
    }
    ruling
}

struct Order<'a> {
    copies: &'a [Copy],
    rules: &'a Rules,
}

impl Order<'_> {
    /// The candidates in sets, of which each keeps enough by itself.
    fn sets(&self, candidates: &[usize]) -> Vec<Vec<usize>> {
        if !self.rules.one_of_each_name {
            return if candidates.is_empty() { Vec::new() } else { vec![candidates.to_vec()] };
        }
        let mut sets: BTreeMap<BTreeSet<&[u8]>, Vec<usize>> = BTreeMap::new();
        for number in candidates {
            sets.entry(names(&self.copies[*number])).or_default().push(*number);
        }
        sets.into_values().collect()
    }

    /// Which of a set stay, beside those that stay anyway.
    fn chosen(&self, set: &[usize], stays: &BTreeSet<usize>) -> Result<Vec<usize>, &'static str> {
        let counted: BTreeSet<usize> = if self.rules.one_of_each_name {
            let of_set = names(&self.copies[set[0]]);
            stays.iter().copied().filter(|number| names(&self.copies[*number]).is_superset(&of_set)).collect()
        } else {
            stays.clone()
        };
        let mut sorted = set.to_vec();
        sorted.sort_by(|one, other| self.compare(*one, *other));
        let mut kept = counted;
        let mut chosen = Vec::new();
        for (place, number) in sorted.iter().enumerate() {
            if self.is_enough(&kept) {
                break;
            }
            let more_devices = self.devices(&kept) < self.rules.min_devices;
            let is_new_device = !kept.iter().any(|other| self.copies[*other].device == self.copies[*number].device);
            if kept.len() >= self.rules.min_copies && more_devices && !is_new_device {
                continue;
            }
            // Rules that find two alike have not said which of them stays.
            let next = sorted.get(place + 1);
            if next.is_some_and(|next| self.compare(*number, *next) == Ordering::Equal) && !self.all_stay(&kept, set) {
                return Err(if self.rules.prefer.is_empty() { "all-to-drop" } else { "no-rule-decides" });
            }
            kept.insert(*number);
            chosen.push(*number);
        }
        Ok(chosen)
    }

    /// Whether every copy of the set has to stay anyway.
    fn all_stay(&self, kept: &BTreeSet<usize>, set: &[usize]) -> bool {
        let open = set.iter().filter(|number| !kept.contains(number)).count();
        kept.len() + open <= self.rules.min_copies
    }

    fn is_enough(&self, kept: &BTreeSet<usize>) -> bool {
        kept.len() >= self.rules.min_copies.max(1) && self.devices(kept) >= self.rules.min_devices
    }

    fn devices(&self, kept: &BTreeSet<usize>) -> usize {
        kept.iter().map(|number| self.copies[*number].device).collect::<BTreeSet<_>>().len()
    }

    /// Which one is rather kept: it comes first.
    fn compare(&self, one: usize, other: usize) -> Ordering {
        let (one, other) = (&self.copies[one], &self.copies[other]);
        if self.rules.prefer.is_empty() {
            if self.rules.has_drop {
                // The only rule said which may go; that all of them fit it decides nothing.
                return Ordering::Equal;
            }
            return one
                .root_order
                .cmp(&other.root_order)
                .then(other.links.cmp(&one.links))
                .then(one.mtime_ns.cmp(&other.mtime_ns))
                .then_with(|| one.paths.cmp(&other.paths));
        }
        let by_rule = |rule: &Preference| match rule {
            Preference::Under(folder) => {
                let below = |copy: &Copy| copy.paths.iter().any(|path| is_within(path, folder));
                below(other).cmp(&below(one))
            }
            Preference::Oldest => one.mtime_ns.cmp(&other.mtime_ns),
            Preference::Newest => other.mtime_ns.cmp(&one.mtime_ns),
            Preference::ShortestPath => one.paths[0].len().cmp(&other.paths[0].len()),
            Preference::Linked => other.links.cmp(&one.links),
        };
        self.rules.prefer.iter().map(by_rule).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// For which copy one goes: the first of those kept that is of another replica, and has the same companions. One to
    /// which nothing can be done stays after all.
    fn for_whom(
        &self,
        number: usize,
        kept: &[usize],
        accompanied: &dyn Fn(usize, usize) -> bool,
    ) -> (Verdict, &'static str) {
        if let Some(reason) = self.copies[number].cannot {
            return (Verdict::Keep, reason);
        }
        let replica = self.copies[number].replica;
        let mut others =
            kept.iter().filter(|other| replica.is_none() || self.copies[**other].replica != replica).peekable();
        if others.peek().is_none() {
            return (Verdict::Keep, "same-replica");
        }
        match others.find(|other| accompanied(number, **other)) {
            Some(other) => (Verdict::Drop(*other), "copy-of-kept"),
            None => (Verdict::Keep, "companions-differ"),
        }
    }

    fn reason(&self) -> &'static str {
        match self.rules.prefer.first() {
            Some(Preference::Under(_)) => "preferred-folder",
            Some(Preference::Oldest) => "oldest",
            Some(Preference::Newest) => "newest",
            Some(Preference::ShortestPath) => "shortest-path",
            Some(Preference::Linked) => "most-links",
            None => "first-in-order",
        }
    }
}

/// The names of a copy, without their folders.
fn names(copy: &Copy) -> BTreeSet<&[u8]> {
    let is_slash = |byte: &u8| *byte == b'/' || (cfg!(windows) && *byte == b'\\');
    let name = |path: &'_ Vec<u8>| path.iter().rposition(is_slash).map_or(0, |cut| cut + 1);
    copy.paths.iter().map(|path| &path[name(path)..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn copy(path: &str, mtime_ns: i64) -> Copy {
        Copy {
            paths: vec![path.as_bytes().to_vec()],
            root_order: 0,
            links: 1,
            mtime_ns,
            device: 1,
            replica: None,
            protected: None,
            may_go: true,
            cannot: None,
        }
    }

    fn verdicts(copies: &[Copy], rules: &Rules) -> Vec<Verdict> {
        decide(copies, rules, &|_, _| true).into_iter().map(|(verdict, _)| verdict).collect()
    }

    const KEEP: Verdict = Verdict::Keep;

    #[test]
    fn without_a_rule_root_links_age_and_path_decide_in_this_order() {
        let mut copies = [copy("/b/x", 1), copy("/a/x", 1), copy("/c/x", 0)];
        assert_eq!(verdicts(&copies, &Rules::default()), [Verdict::Drop(2), Verdict::Drop(2), KEEP]);
        copies[0].links = 2;
        assert_eq!(verdicts(&copies, &Rules::default()), [KEEP, Verdict::Drop(0), Verdict::Drop(0)]);
        copies[0].root_order = 1;
        copies[2].mtime_ns = 1;
        assert_eq!(verdicts(&copies, &Rules::default()), [Verdict::Drop(1), KEEP, Verdict::Drop(1)]);
    }

    #[test]
    fn rules_that_find_two_alike_leave_their_group_undecided() {
        let copies = [copy("/b/x", 1), copy("/a/x", 1), copy("/c/x", 2)];
        let rules = |prefer| Rules { prefer, ..Rules::default() };
        assert_eq!(verdicts(&copies, &rules(vec![Preference::Oldest])), [Verdict::Undecided; 3]);
        let both = rules(vec![Preference::Oldest, Preference::Under(b"/a".to_vec())]);
        assert_eq!(verdicts(&copies, &both), [Verdict::Drop(1), KEEP, Verdict::Drop(1)]);
        assert_eq!(verdicts(&copies, &rules(vec![Preference::Under(b"/nowhere".to_vec())])), [Verdict::Undecided; 3]);
    }

    #[test]
    fn only_what_fits_drop_goes_and_where_all_of_them_fit_nothing_is_decided() {
        let mut copies = [copy("/downloads/x", 1), copy("/pictures/x", 2), copy("/downloads/y", 3)];
        let rules = Rules { has_drop: true, ..Rules::default() };
        assert_eq!(verdicts(&copies, &rules), [Verdict::Undecided; 3]);
        copies[1].may_go = false;
        assert_eq!(verdicts(&copies, &rules), [Verdict::Drop(1), KEEP, Verdict::Drop(1)]);
    }

    #[test]
    fn copies_of_one_replica_never_go_for_one_another() {
        let mut copies = [copy("/backup/x", 1), copy("/backup/y", 2), copy("/pictures/x", 3)];
        copies[0].replica = Some(0);
        copies[1].replica = Some(0);
        assert_eq!(verdicts(&copies, &Rules::default()), [KEEP, KEEP, Verdict::Drop(0)]);
        let rules = Rules { prefer: vec![Preference::Under(b"/pictures".to_vec())], ..Rules::default() };
        assert_eq!(verdicts(&copies, &rules), [Verdict::Drop(2), Verdict::Drop(2), KEEP]);
    }

    #[test]
    fn enough_copies_stay_on_enough_devices() {
        let mut copies = [copy("/a", 1), copy("/b", 2), copy("/c", 3), copy("/d", 4)];
        copies[3].device = 2;
        let rules = |min_copies, min_devices| Rules { min_copies, min_devices, ..Rules::default() };
        assert_eq!(verdicts(&copies, &rules(2, 1)), [KEEP, KEEP, Verdict::Drop(0), Verdict::Drop(0)]);
        assert_eq!(verdicts(&copies, &rules(1, 2)), [KEEP, Verdict::Drop(0), Verdict::Drop(0), KEEP]);
        assert_eq!(verdicts(&copies, &rules(9, 1)), [KEEP; 4]);
        assert_eq!(verdicts(&copies, &rules(1, 3)), [KEEP; 4], "there are no three devices: all stay");
    }

    #[test]
    fn one_of_each_name_stays() {
        let copies = [copy("/a/x", 1), copy("/b/x", 2), copy("/a/y", 3), copy("/b/y", 4)];
        let rules = Rules { one_of_each_name: true, ..Rules::default() };
        assert_eq!(verdicts(&copies, &rules), [KEEP, Verdict::Drop(0), KEEP, Verdict::Drop(0)]);
    }

    #[test]
    fn a_copy_whose_companions_the_kept_one_lacks_stays() {
        let copies = [copy("/a/x", 1), copy("/b/x", 2), copy("/c/x", 3)];
        let ruling = decide(&copies, &Rules::default(), &|dropped, _| dropped == 1);
        assert_eq!(ruling[1].0, Verdict::Drop(0));
        assert_eq!(ruling[2], (KEEP, "companions-differ"));
    }

    #[test]
    fn a_copy_to_which_nothing_can_be_done_stays_beside_the_one_that_is_preferred() {
        let mut copies = [copy("/a/x", 1), copy("/b/x", 2), copy("/c/x", 3)];
        copies[1].cannot = Some("read-only");
        let ruling = decide(&copies, &Rules::default(), &|_, _| true);
        assert_eq!(ruling[0].0, KEEP, "it does not go for the one that cannot");
        assert_eq!(ruling[1], (KEEP, "read-only"));
        assert_eq!(ruling[2].0, Verdict::Drop(0));
    }

    fn any_copy() -> impl Strategy<Value = Copy> {
        (
            0..4_usize,
            1..3_u32,
            0..3_i64,
            1..3_u64,
            prop::option::of(0..2_usize),
            any::<bool>(),
            any::<bool>(),
            prop::collection::vec(0..3_usize, 1..3),
        )
            .prop_map(|(root_order, links, mtime_ns, device, replica, is_protected, may_go, names)| Copy {
                paths: names.iter().map(|name| format!("/{root_order}/{name}").into_bytes()).collect(),
                root_order,
                links,
                mtime_ns,
                device,
                replica,
                protected: is_protected.then_some("kept"),
                may_go,
                cannot: None,
            })
    }

    fn any_rules() -> impl Strategy<Value = Rules> {
        let preference = prop_oneof![
            Just(Preference::Oldest),
            Just(Preference::Newest),
            Just(Preference::ShortestPath),
            Just(Preference::Linked),
            (0..4_usize).prop_map(|root| Preference::Under(format!("/{root}").into_bytes())),
        ];
        (prop::collection::vec(preference, 0..3), any::<bool>(), 1..4_usize, 1..4_usize, any::<bool>()).prop_map(
            |(prefer, has_drop, min_copies, min_devices, one_of_each_name)| Rules {
                prefer,
                has_drop,
                min_copies,
                min_devices,
                one_of_each_name,
            },
        )
    }

    proptest! {
        #[test]
        fn whatever_the_rules_enough_copies_stay_and_each_goes_for_one_that_does(
            copies in prop::collection::vec(any_copy(), 1..7), rules in any_rules(), has_companions: bool,
        ) {
            let ruling = decide(&copies, &rules, &|_, _| !has_companions);
            let stays: Vec<usize> = (0..copies.len()).filter(|number| !matches!(ruling[*number].0, Verdict::Drop(_))).collect();
            let devices = |numbers: &[usize]| numbers.iter().map(|number| copies[*number].device).collect::<BTreeSet<_>>().len();
            let all: Vec<usize> = (0..copies.len()).collect();
            prop_assert!(!stays.is_empty());
            prop_assert!(stays.len() >= rules.min_copies.min(copies.len()));
            prop_assert!(devices(&stays) >= rules.min_devices.min(devices(&all)));
            for (number, (verdict, _)) in ruling.iter().enumerate() {
                if let Verdict::Drop(kept) = verdict {
                    let copy = &copies[number];
                    prop_assert!(copy.protected.is_none() && copy.may_go && !has_companions);
                    prop_assert_eq!(ruling[*kept].0, Verdict::Keep);
                    prop_assert!(copy.replica.is_none() || copy.replica != copies[*kept].replica);
                }
            }
            if rules.one_of_each_name {
                let left: BTreeSet<&[u8]> = stays.iter().flat_map(|number| names(&copies[*number])).collect();
                prop_assert!(copies.iter().flat_map(names).all(|name| left.contains(name)));
            }
        }
    }
}
