-- The catalog. It can be rebuilt from the disk; what a person typed is in another file.
-- Entries are not rows: a block row packs up to 256 entries of one directory (see ARCHITECTURE.md, "Blocks, not rows").

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta VALUES
    ('commit_sequence', 0),        -- grows with every transaction: readers' caches hang on it
    ('name_index_watermark', 0),   -- blocks up to this id are in the name index
    ('name_index_bytes', 0),       -- as of the last time that the index was complete
    ('duplicate_groups', 0), ('redundant_copies', 0), ('reclaimable_bytes', 0), ('freed_bytes', 0),
    ('next_directory', 1), ('next_block', 1);

CREATE TABLE volume (
    id       INTEGER PRIMARY KEY,
    identity BLOB NOT NULL UNIQUE,   -- the file system's own id, not st_dev
    reflink  INTEGER NOT NULL        -- whether files on it may share extents
) STRICT;

CREATE TABLE root (
    id             INTEGER PRIMARY KEY,      -- the daemon's
    path           BLOB NOT NULL UNIQUE,
    directory      INTEGER NOT NULL,         -- its top; 0 until its first scan
    volume         INTEGER NOT NULL,
    inode          INTEGER NOT NULL,
    state          TEXT NOT NULL,            -- new | ready | partial | offline
    reason         TEXT NOT NULL,
    scanned_ns     INTEGER NOT NULL,
    settings       TEXT NOT NULL             -- JSON
) STRICT;

CREATE TABLE directory (
    id      INTEGER PRIMARY KEY,
    parent  INTEGER NOT NULL,                -- 0: a top; its name is then a whole path
    name    BLOB NOT NULL,
    volume  INTEGER NOT NULL,
    inode   INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    state   INTEGER NOT NULL                 -- 0 listed, 1 unreadable: its rows are older than the scan
) STRICT;
CREATE UNIQUE INDEX directory_by_name ON directory (parent, name);

-- Totals of a directory and all below it.
CREATE TABLE usage (
    directory   INTEGER PRIMARY KEY,
    files       INTEGER NOT NULL,
    directories INTEGER NOT NULL,            -- itself included
    bytes       INTEGER NOT NULL,
    allocated   INTEGER NOT NULL,
    newest_ns   INTEGER NOT NULL             -- of the files ever seen there: a bound from above
) STRICT;

-- What filters look at, in columns, with the bounds that let a block be passed over unread.
CREATE TABLE block (
    id        INTEGER PRIMARY KEY,           -- an entry's id is block x 256 + slot
    directory INTEGER NOT NULL,
    files     INTEGER NOT NULL,              -- regular files
    min_size  INTEGER NOT NULL,
    max_size  INTEGER NOT NULL,
    min_mtime INTEGER NOT NULL,              -- seconds
    max_mtime INTEGER NOT NULL,
    columns   BLOB NOT NULL
) STRICT;
CREATE INDEX block_by_directory ON block (directory);
CREATE INDEX block_by_size ON block (max_size);
CREATE INDEX block_by_mtime ON block (max_mtime);

-- Names, witnesses and hashes of the same entries.
CREATE TABLE block_detail (
    id     INTEGER PRIMARY KEY,
    detail BLOB NOT NULL
) STRICT;

CREATE TABLE extension (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

-- Roll-ups by tree (the top directory): kind 0 extension, 1 size class, 2 owner, 3 day of modification.
CREATE TABLE rollup (
    tree  INTEGER NOT NULL,
    kind  INTEGER NOT NULL,
    key   INTEGER NOT NULL,
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (tree, kind, key)
) STRICT, WITHOUT ROWID;

-- The content index: sorted chunks of (64-bit content key, entry, inode, size, extension, flags).
CREATE TABLE content_chunk (
    id        INTEGER PRIMARY KEY,
    low_key   INTEGER NOT NULL,
    low_entry INTEGER NOT NULL,
    postings  BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX content_chunk_by_key ON content_chunk (low_key, low_entry);

-- Blocks whose hashes are not in the content index yet: after a crash they are staged again.
CREATE TABLE content_pending (
    block INTEGER PRIMARY KEY
) STRICT;

-- One row for each content with two physical copies or more.
CREATE TABLE duplicate_group (
    key         INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,            -- tells contents apart that share a key
    size        INTEGER NOT NULL,
    copies      INTEGER NOT NULL,
    reclaimable INTEGER NOT NULL,
    freed       INTEGER NOT NULL,
    PRIMARY KEY (key, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX duplicate_group_by_reclaimable ON duplicate_group (reclaimable);

CREATE VIRTUAL TABLE name_index USING fts5(
    name, content='', contentless_delete=1, tokenize='trigram case_sensitive 1'
);
