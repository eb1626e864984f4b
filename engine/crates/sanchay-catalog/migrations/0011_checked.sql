-- In which pass files were last read whole from their disk and found to be what they were: a row a block, and only for
-- blocks with such files (`checked.rs`). What was never checked has no mark.
CREATE TABLE checked (
    block  INTEGER PRIMARY KEY,
    oldest INTEGER NOT NULL,                 -- the least pass among its marks
    marks  BLOB NOT NULL                     -- six bytes a slot: the pass, and the first two bytes of the hash that was met
) STRICT;
CREATE INDEX checked_by_oldest ON checked (oldest, block);
