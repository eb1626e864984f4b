-- Files of duplicate groups that share their place on the volume with others (reflinks, snapshots), as far as it was
-- found: those bytes come back once, when the last of them goes.
CREATE TABLE shared_extents (
    entry        INTEGER PRIMARY KEY,
    storage      INTEGER NOT NULL,           -- names where all its extents lie
    shared_bytes INTEGER NOT NULL
) STRICT;

-- Content keys of groups on volumes with reflinks whose extents are still to be asked for.
CREATE TABLE extents_due (
    key INTEGER PRIMARY KEY
) STRICT;

-- First and last block of large files that share a size with another and are not read whole, or were compared with such.
CREATE TABLE edges (
    entry   INTEGER PRIMARY KEY,
    witness INTEGER NOT NULL,                -- digest of size, stamps and inode that the blocks were read with
    edges   INTEGER NOT NULL                 -- digest of the two blocks
) STRICT;
