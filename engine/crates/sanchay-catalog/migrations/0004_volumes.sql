-- Whose files a volume shows (`sanchay_core::Shows`): 0 its own, 1 those of layers, 2 perhaps any other's, else a server's.
ALTER TABLE volume ADD COLUMN shows INTEGER NOT NULL DEFAULT 0;
-- It has the id of another disk (a clone), and was told apart from it by its device.
ALTER TABLE volume ADD COLUMN apart INTEGER NOT NULL DEFAULT 0;
-- Its inode numbers do not outlive a mount.
ALTER TABLE volume ADD COLUMN fleeting INTEGER NOT NULL DEFAULT 0;
-- Copies of a group that may be one file with another of its copies.
ALTER TABLE duplicate_group ADD COLUMN perhaps INTEGER NOT NULL DEFAULT 0;
