-- What cannot be made again from the disk: plans that a person has seen, what was done to files, and what was found to be damaged.
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- A plan: which copies go, of which groups. `version` counts its edits: a run is of the version that was shown.
CREATE TABLE plan (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    made_ns INTEGER NOT NULL,
    action TEXT NOT NULL,
    asked TEXT NOT NULL,              -- scope and rules as they were asked for, as JSON
    min_copies INTEGER NOT NULL,      -- of each group so many stay at least, on so many devices
    min_devices INTEGER NOT NULL,
    is_ready INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 1,
    groups INTEGER NOT NULL DEFAULT 0,
    undecided INTEGER NOT NULL DEFAULT 0,
    files INTEGER NOT NULL DEFAULT 0, -- copies that go
    freed_bytes INTEGER NOT NULL DEFAULT 0,
    broken_links INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Symbolic links that lead to a file which goes.
CREATE TABLE plan_link (
    plan INTEGER NOT NULL REFERENCES plan ON DELETE CASCADE,
    path BLOB NOT NULL,
    target BLOB NOT NULL,
    PRIMARY KEY (plan, path)
) STRICT, WITHOUT ROWID;

-- Folders are matched by the path of their root: the number of a root is of one catalog.
CREATE TABLE plan_folder (
    id INTEGER PRIMARY KEY,
    plan INTEGER NOT NULL REFERENCES plan ON DELETE CASCADE,
    root BLOB NOT NULL,
    path BLOB NOT NULL
) STRICT;
CREATE INDEX plan_folder_plan ON plan_folder (plan);

CREATE TABLE plan_group (
    plan INTEGER NOT NULL REFERENCES plan ON DELETE CASCADE,
    number INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    algorithm INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (plan, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_copy (
    plan INTEGER NOT NULL REFERENCES plan ON DELETE CASCADE,
    group_number INTEGER NOT NULL,
    number INTEGER NOT NULL,
    folder INTEGER NOT NULL,
    name BLOB NOT NULL,
    volume BLOB NOT NULL,
    inode INTEGER,                    -- NULL where the file system gives new ones at each mount
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER,
    decision INTEGER NOT NULL,        -- 0 undecided, 1 stays, 2 goes
    kept INTEGER,                     -- the number of the copy that stays for one that goes
    device INTEGER NOT NULL,          -- the disk or server that it is on
    reason TEXT NOT NULL,
    freed_bytes INTEGER NOT NULL,
    PRIMARY KEY (plan, group_number, number)
) STRICT, WITHOUT ROWID;

-- What was left out of a plan, and how many files that is.
CREATE TABLE plan_skipped (
    plan INTEGER NOT NULL REFERENCES plan ON DELETE CASCADE,
    reason TEXT NOT NULL,
    files INTEGER NOT NULL,
    PRIMARY KEY (plan, reason)
) STRICT, WITHOUT ROWID;

-- Copies that are wanted: the group comes back when a copy appears at a path that is not here.
CREATE TABLE ignored_path (
    size_bytes INTEGER NOT NULL,
    algorithm INTEGER NOT NULL,
    hash BLOB NOT NULL,
    path BLOB NOT NULL,
    since_ns INTEGER NOT NULL,
    PRIMARY KEY (size_bytes, algorithm, hash, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,               -- dedupe, undo, repair
    action TEXT NOT NULL,
    of INTEGER,                       -- the plan, or the run that is undone
    of_version INTEGER,
    began_ns INTEGER NOT NULL,
    ended_ns INTEGER,
    acted INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    freed_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;

-- One file of a run: what is meant to be done is here, on the disk, before it is done.
CREATE TABLE act (
    run INTEGER NOT NULL REFERENCES run,
    number INTEGER NOT NULL,
    state INTEGER NOT NULL,           -- 0 intended, 1 done, 2 left, 3 taken back
    root BLOB NOT NULL,
    path BLOB NOT NULL,
    kept_root BLOB NOT NULL,
    kept_path BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    algorithm INTEGER NOT NULL,
    hash BLOB NOT NULL,
    volume BLOB NOT NULL,
    inode INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    atime_ns INTEGER NOT NULL,
    kept_volume BLOB NOT NULL,
    kept_inode INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    owner_group INTEGER NOT NULL,
    mode INTEGER NOT NULL,
    attributes BLOB NOT NULL,         -- names and values, each after its length in four bytes
    place BLOB NOT NULL,              -- trash: its folder, its mount's top, the name there; symlink: the target
    freed_bytes INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '',
    ended_ns INTEGER,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX act_intended ON act (run, number) WHERE state = 0;

-- Folders that a run took files from: what their time of change was before, and when the run was done with them. One that
-- is as the run left it gets its own time back with its files.
CREATE TABLE run_folder (
    run INTEGER NOT NULL REFERENCES run,
    root BLOB NOT NULL,
    path BLOB NOT NULL,
    before_ns INTEGER NOT NULL,
    left_ns INTEGER NOT NULL,
    PRIMARY KEY (run, root, path)
) STRICT, WITHOUT ROWID;

-- Files whose content is not what it was, though nothing says that it was written.
CREATE TABLE finding (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,               -- damaged, suspect
    state TEXT NOT NULL,              -- open, accepted, repaired
    found_ns INTEGER NOT NULL,
    path BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    algorithm INTEGER NOT NULL,
    hash BLOB NOT NULL,               -- what it should be
    found_hash BLOB NOT NULL
) STRICT;
CREATE INDEX finding_path ON finding (path);
