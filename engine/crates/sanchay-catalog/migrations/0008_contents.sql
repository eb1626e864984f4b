-- What is known of the contents of the block's files, as bits (`block/contents.rs`), so that what could not be compared is
-- found without a look at the rest. Unknown (-1, all bits) until it is written again.
ALTER TABLE block ADD COLUMN contents INTEGER NOT NULL DEFAULT -1;
CREATE INDEX block_by_contents ON block (contents);
