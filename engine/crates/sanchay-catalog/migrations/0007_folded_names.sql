-- Names are folded to composed letters (NFC) from now on. Those that were folded otherwise are indexed again, behind the
-- scans; until then they are searched block by block.
INSERT INTO name_index (name_index) VALUES ('delete-all');
UPDATE meta SET value = 0 WHERE key IN ('name_index_watermark', 'name_index_bytes');
