-- The change feed: what came, went, moved and grew, written in the transaction of the change itself.
-- One row packs up to 1024 changes of one directory; a cursor is (epoch, sequence, position in the row).
CREATE TABLE change (
    sequence  INTEGER PRIMARY KEY AUTOINCREMENT,   -- never given twice, though old rows go
    at_ns     INTEGER NOT NULL,
    directory BLOB NOT NULL,                       -- exact path as it was then
    folders   INTEGER NOT NULL,                    -- 1: holds whole folders or moves, which concern other paths too
    count     INTEGER NOT NULL,
    items     BLOB NOT NULL
) STRICT;
CREATE INDEX change_by_time ON change (at_ns);

-- Sums that are to become one row once all of their work is done: a root's first scan (its id), and a folder that is
-- removed in several transactions (its id, negative).
CREATE TABLE change_open (
    owner INTEGER PRIMARY KEY,
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;

INSERT INTO meta VALUES
    ('change_epoch', abs(random() % 1000000000)),  -- another catalog's cursors are not taken for ours
    ('change_bytes', 0),
    ('change_pruned', 0),                          -- the last row that was let go
    ('snapshot_sequence', -1);                     -- commit_sequence as of the last snapshot of totals
-- A catalog that is older than its feed cannot say what changed before.
INSERT INTO meta SELECT 'change_pruned_ns', CASE
    WHEN EXISTS (SELECT 1 FROM root WHERE scanned_ns <> 0) THEN unixepoch() * 1000000000 ELSE 0 END;

-- Totals by day (days since 1970, UTC) of the directories whose bytes differ from the day before.
ALTER TABLE usage ADD COLUMN snapped INTEGER NOT NULL DEFAULT -1;   -- bytes as of the last snapshot
CREATE TABLE usage_day (
    directory INTEGER NOT NULL,
    day       INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    files     INTEGER NOT NULL,
    PRIMARY KEY (directory, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_day_by_day ON usage_day (day);

-- Where directories with a history were before they went: one made again there goes on with it.
CREATE TABLE usage_gone (
    path      BLOB NOT NULL,
    directory INTEGER NOT NULL,
    PRIMARY KEY (path, directory)
) STRICT, WITHOUT ROWID;
