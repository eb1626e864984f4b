-- The content index lies in levels (`content/level.rs`): what is new is merged often into little, and seldom into all of it.
ALTER TABLE content_chunk ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
DROP INDEX content_chunk_by_key;
CREATE UNIQUE INDEX content_chunk_by_key ON content_chunk (level, low_key, low_entry);
