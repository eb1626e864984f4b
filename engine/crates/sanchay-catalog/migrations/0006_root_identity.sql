-- A root is known again by its folder, not by its path alone.
ALTER TABLE root ADD COLUMN birth_ns INTEGER NOT NULL DEFAULT 0;   -- of its folder; 0: not known
ALTER TABLE root ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;   -- 1: the next scan takes what is there, whatever it is
