//! Who waits for a sync: their cookies, and when they have waited enough.

use std::sync::atomic::Ordering;

use super::{watched_root, LiveThread};
use crate::engine::Scan;
use crate::job::{ScanResult, ScanState};
use crate::join::join_soon;
use crate::live::cookie::{self, Cookie};
use crate::live::root::{Mode, Watching};
use crate::live::sync::{Stage, Ticket, COOKIES_MOST, COOKIE_MS};
use crate::live::work::Message;
use crate::root_spec::Rules;

impl LiveThread {
    /// Holds back no reading while someone waits for a sync.
    pub(super) fn hurry(&self) {
        let hurried = !self.tickets.is_empty();
        if self.inner.hurried.swap(hurried, Ordering::Relaxed) != hurried {
            self.inner.background.wake();
        }
    }

    pub(super) fn sync(&mut self, id: i64, scan: Scan) {
        let now = self.now_ms();
        if let Some(root) = self.roots.get(&id) {
            self.inner.hurry(&root.path);
        }
        let covering = self.roots.get(&id).and_then(|root| {
            let watched = watched_root(&self.roots, &root.path).filter(|_| root.mode == Mode::Events)?;
            let is_up = self.roots.get(&watched).is_some_and(|root| root.watching == Watching::Yes);
            is_up.then(|| (watched, root.path.clone()))
        });
        let Some((watched_id, path)) = covering else {
            return self.inner.run_scan(&scan, id);
        };
        let stage = Stage::Cookie { cookie: self.put_cookie(id, &path), until_ms: now + COOKIE_MS };
        self.tickets.push(Ticket { root_id: id, watched_id, scan, stage, missed: false, cookies: 1 });
    }

    fn put_cookie(&self, id: i64, root: &[u8]) -> Cookie {
        let own = self.channels.own.clone();
        let visible = self.leaves_out_hidden(id);
        // No one hears it when the catalog is being closed.
        Cookie::put(root, visible, move |error| drop(own.send(Message::NoCookie { root_id: id, error })))
    }

    /// A cookie could not be made: those who wait for one in that root have it compared.
    pub(super) fn no_cookie(&mut self, id: i64, error: &std::io::Error) {
        tracing::info!(root_id = id, error = %error, "sync_without_cookie");
        for ticket in self.tickets.iter_mut().filter(|ticket| ticket.root_id == id) {
            if let Stage::Cookie { until_ms, .. } = &mut ticket.stage {
                *until_ms = 0;
            }
        }
    }

    /// Whether the root's rules leave hidden names out, so that no event of one is told.
    pub(super) fn leaves_out_hidden(&self, id: i64) -> bool {
        let row = self.inner.catalog.reader().and_then(|reader| reader.root(id));
        row.is_ok_and(|row| Rules::of(&row).is_ok_and(|rules| rules.filter.excludes(b"", cookie::HIDDEN, false)))
    }

    /// Ends the syncs that are done, given up, or wait for a cookie in vain.
    pub(super) fn settle_tickets(&mut self) {
        let now = self.now_ms();
        let tickets = std::mem::take(&mut self.tickets);
        for mut ticket in tickets {
            let given_up = ticket.scan.is_cancelled();
            match &ticket.stage {
                Stage::Cookie { cookie, until_ms } if given_up || now >= *until_ms => {
                    ticket.scan.end_after(cookie.take());
                    if given_up {
                        finish(&ticket.scan, ScanState::Cancelled, "given up on request".to_owned());
                    } else {
                        if *until_ms > 0 {
                            tracing::warn!(root_id = ticket.root_id, "cookie_lost");
                        }
                        self.inner.run_scan(&ticket.scan, ticket.root_id);
                    }
                }
                Stage::Settling { .. } | Stage::Draining if given_up => {
                    finish(&ticket.scan, ScanState::Cancelled, "given up on request".to_owned());
                }
                Stage::Settling { epoch } if self.outstanding.is_settled(ticket.watched_id, *epoch) => {
                    if std::mem::take(&mut ticket.missed) {
                        ticket.stage = self.look_once_more(&ticket);
                        ticket.cookies = ticket.cookies.saturating_add(1);
                        self.tickets.push(ticket);
                        continue;
                    }
                    // Who hears of the end and asks how the root is must not be told what was before it.
                    (self.status_due, self.status_ms) = (true, 0);
                    self.show();
                    // One who asks for certainty gets it: what events could not tell, a comparison finds. It costs the
                    // root's statx calls.
                    self.inner.run_scan(&ticket.scan, ticket.root_id);
                }
                _ => self.tickets.push(ticket),
            }
        }
    }

    /// Ends all syncs: the catalog is being closed.
    pub(super) fn end_tickets(&mut self) {
        let tickets = std::mem::take(&mut self.tickets);
        let taking: Vec<_> = tickets
            .iter()
            .filter_map(|ticket| match &ticket.stage {
                Stage::Cookie { cookie, .. } => cookie.take(),
                Stage::Draining | Stage::Settling { .. } => None,
            })
            .collect();
        join_soon(taking);
        for ticket in tickets {
            finish(&ticket.scan, ScanState::Cancelled, "the catalog is being closed".to_owned());
        }
    }

    /// What a sync waits for that has missed something: the events until now, and in the end a comparison of the root.
    pub(super) fn look_once_more(&mut self, ticket: &Ticket) -> Stage {
        let path = self.roots.get(&ticket.root_id).map(|root| root.path.clone()).unwrap_or_default();
        if ticket.cookies < COOKIES_MOST {
            return Stage::Cookie {
                cookie: self.put_cookie(ticket.root_id, &path),
                until_ms: self.now_ms() + COOKIE_MS,
            };
        }
        let epoch = self.epoch;
        self.want_reconcile(ticket.watched_id, "something is not where events have it");
        self.epoch += 1;
        if let Some(root) = self.roots.get_mut(&ticket.watched_id) {
            let path = root.path.clone();
            root.pending.forget_missed(&path);
        }
        Stage::Settling { epoch }
    }
}

pub(super) fn finish(scan: &Scan, state: ScanState, message: String) {
    scan.finish(Ok(ScanResult::of(scan.control(), state, message)));
}
