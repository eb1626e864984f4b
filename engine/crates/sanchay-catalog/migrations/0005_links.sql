-- Files of the block that have other names: their allocated blocks are counted once for each inode. Unknown (-1) until it is written again.
ALTER TABLE block ADD COLUMN linked INTEGER NOT NULL DEFAULT -1;
CREATE INDEX block_by_linked ON block (directory) WHERE linked <> 0;
