//! Tests of the journal's runs.

use super::*;

fn act(number: i64) -> Act {
    Act {
        number,
        state: ActState::Intended,
        root: b"/photos".to_vec(),
        path: b"a/\xff".to_vec(),
        kept_root: b"/photos".to_vec(),
        kept_path: b"b".to_vec(),
        size_bytes: u64::MAX >> 1,
        algorithm: Algorithm::Blake3,
        hash: ContentHash::from_bytes([1; 32]),
        identity: (VolumeId::from_bytes([2; 16]), u64::MAX),
        mtime_ns: -1,
        atime_ns: 5,
        kept_identity: (VolumeId::from_bytes([2; 16]), 4),
        owner: (1000, 100, 0o644),
        attributes: vec![(b"user.x".to_vec(), Vec::new()), (b"user.y".to_vec(), b"\0\xff".to_vec())],
        place: vec![b"/home/me/.local/share/Trash".to_vec(), Vec::new(), b"a".to_vec()],
        freed_bytes: 0,
        reason: String::new(),
        detail: String::new(),
    }
}

fn outcome(number: i64, state: ActState, failed: bool, freed_bytes: u64) -> Outcome {
    Outcome {
        number,
        state,
        failed,
        counts: true,
        reason: "busy".into(),
        detail: String::new(),
        freed_bytes,
        ended_ns: 9,
        place: None,
    }
}

#[test]
fn an_intent_is_kept_until_its_outcome_is_noted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path, 1).unwrap().journal;
    let run = journal.begin_run(&NewRun { kind: "dedupe", action: "trash", of: Some((3, 1)), began_ns: 1 }).unwrap();
    journal.intend(run, &[act(0), act(1), act(2)]).unwrap();
    drop(journal);

    let journal = Journal::open(&path, 1).unwrap().journal;
    assert_eq!(journal.unsettled((0, -1), 10).unwrap(), [(run, act(0)), (run, act(1)), (run, act(2))]);
    journal.conclude(run, &[outcome(0, ActState::Done, false, 100), outcome(1, ActState::Left, false, 0)]).unwrap();
    assert_eq!(journal.unsettled((0, -1), 10).unwrap(), [(run, act(2))]);
    journal.conclude(run, &[outcome(2, ActState::Left, true, 0)]).unwrap();
    let ended = journal.end_run(run, 10).unwrap();
    assert_eq!((ended.acted, ended.skipped, ended.failed, ended.freed_bytes), (1, 1, 1, 100));
    assert_eq!(journal.acts_after(run, 0, 10).unwrap().len(), 2);
    assert_eq!(journal.runs().unwrap(), [journal.run(run).unwrap()]);
    assert!(matches!(journal.run(99), Err(JournalError::UnknownRun(99))));
}

/// Each commit is a moment at which a kill may come: after it, the journal must be true as it stands.
#[test]
fn what_an_undo_did_is_noted_in_both_runs_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = Journal::open(&path, 1).unwrap().journal;
    let begin = |kind, of| journal.begin_run(&NewRun { kind, action: "symlink", of: Some((of, 0)), began_ns: 1 });
    let done = |number, state| outcome(number, state, false, 0);
    let states = |run| journal.acts_after(run, -1, 10).unwrap().iter().map(|act| act.state).collect::<Vec<_>>();

    // A plan may have the number that a run has.
    let run = begin("dedupe", 1).unwrap();
    journal.intend(run, &[act(0), act(1), act(2)]).unwrap();
    journal.conclude(run, &[0, 1, 2].map(|number| done(number, ActState::Done))).unwrap();
    let other = begin("dedupe", run).unwrap();
    journal.intend(other, &[act(0)]).unwrap();
    journal.conclude(other, &[done(0, ActState::Done)]).unwrap();
    assert_eq!(states(run), [ActState::Done; 3]);

    let undo = begin("undo", run).unwrap();
    journal.intend(undo, &[act(0), act(1), act(2)]).unwrap();
    journal.conclude(undo, &[done(0, ActState::Done), done(1, ActState::Left)]).unwrap();
    assert_eq!(states(undo), [ActState::Done, ActState::Left, ActState::Intended]);
    assert_eq!(states(run), [ActState::TakenBack, ActState::Done, ActState::Done]);
    assert_eq!(states(other), [ActState::Done]);
}
