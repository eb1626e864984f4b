PRAGMA page_size = 4096;
PRAGMA auto_vacuum = 0;
PRAGMA journal_mode = delete;
BEGIN;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
CREATE TABLE root (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR NOT NULL, 
	path BLOB NOT NULL, 
	hash VARCHAR NOT NULL, 
	algorithm VARCHAR NOT NULL, 
	exclude JSON NOT NULL, 
	one_file_system BOOLEAN NOT NULL, 
	skip_hidden BOOLEAN NOT NULL, 
	created_ns INTEGER NOT NULL, watch VARCHAR DEFAULT 'auto' NOT NULL, poll_s INTEGER DEFAULT '300' NOT NULL, 
	UNIQUE (name), 
	UNIQUE (path)
);
INSERT INTO "root" VALUES(1,'films',X'2F7372762F6F66206265666F72652F66696C6D73','all','blake3','["*.part"]',0,0,1795734681366507752,'auto',300);
CREATE TABLE job (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR NOT NULL, 
	root_id INTEGER NOT NULL, 
	root_name VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	background BOOLEAN NOT NULL, 
	created_ns INTEGER NOT NULL, 
	started_ns INTEGER NOT NULL, 
	ended_ns INTEGER NOT NULL, 
	message VARCHAR NOT NULL, 
	result JSON, 
	request_id VARCHAR NOT NULL
);
INSERT INTO "job" VALUES(1,'scan',1,'films','done',0,1795734681428115995,1795734681466471888,1795734681511178388,'','{"files": 12, "directories": 4, "bytes": 480024, "hashed_files": 12, "hashed_bytes": 480024, "added": 12, "changed": 0, "removed": 0, "errors": 0, "duration_s": 0.036524057, "files_per_s": 328.5505769526096, "peak_rss_bytes": 109969408, "unstable": 0, "special": 0, "symlinks": 1, "excluded": 0, "skipped_mounts": 0}','dec95c56b4f8e872');
INSERT INTO "job" VALUES(2,'scan',1,'films','done',0,1795734684497010539,1795734684518813172,1795734684542580107,'','{"files": 12, "directories": 4, "bytes": 480024, "hashed_files": 0, "hashed_bytes": 0, "added": 0, "changed": 0, "removed": 0, "errors": 0, "duration_s": 0.005382694, "files_per_s": 2229.366930388389, "peak_rss_bytes": 111636480, "unstable": 0, "special": 0, "symlinks": 1, "excluded": 0, "skipped_mounts": 0}','run-1');
INSERT INTO "job" VALUES(3,'scan',1,'films','done',0,1795734689327480559,1795734689335037429,1795734689347821761,'','{"files": 13, "directories": 4, "bytes": 480029, "hashed_files": 0, "hashed_bytes": 0, "added": 0, "changed": 0, "removed": 0, "errors": 0, "duration_s": 0.008641263, "files_per_s": 1504.4097141818274, "peak_rss_bytes": 112140288, "unstable": 0, "special": 0, "symlinks": 1, "excluded": 0, "skipped_mounts": 0}','088f528211eaebcc');
CREATE TABLE job_error (
	job_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	path BLOB NOT NULL, 
	kind VARCHAR NOT NULL, 
	message VARCHAR NOT NULL, 
	PRIMARY KEY (job_id, position), 
	FOREIGN KEY(job_id) REFERENCES job (id) ON DELETE CASCADE
);
CREATE TABLE schedule (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR NOT NULL, 
	cron VARCHAR NOT NULL, 
	every_s INTEGER NOT NULL, 
	anchor_ns INTEGER NOT NULL, 
	action VARCHAR NOT NULL, 
	root_ids JSON NOT NULL, 
	expression VARCHAR NOT NULL, 
	to_folder BLOB NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	covered_ns INTEGER NOT NULL, 
	created_ns INTEGER NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "schedule" VALUES(1,'nightly','0 2 * * *',0,1795734683036032091,'report','[]','ext:mkv',X'',1,1795734683036032091,1795734683036032091);
INSERT INTO "schedule" VALUES(2,'weekly','',604800,1795734685245488504,'scan','[1]','',X'',0,1795734685245488504,1795734685245488504);
CREATE TABLE schedule_run (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	schedule_id INTEGER NOT NULL, 
	cause VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	started_ns INTEGER NOT NULL, 
	ended_ns INTEGER NOT NULL, 
	message VARCHAR NOT NULL, 
	job_ids JSON NOT NULL, 
	counts JSON, 
	file BLOB NOT NULL, 
	FOREIGN KEY(schedule_id) REFERENCES schedule (id) ON DELETE CASCADE
);
INSERT INTO "schedule_run" VALUES(1,1,'manual','done',1795734684448949648,1795734684560910940,'','[2]','{"rows": 4, "bytes": 80000, "new": 0, "grown": 0, "gone": 0, "truncated": false, "previous_run": 0}',X'');
CREATE TABLE report (
	run_id INTEGER NOT NULL, 
	packed BLOB NOT NULL, 
	PRIMARY KEY (run_id), 
	FOREIGN KEY(run_id) REFERENCES schedule_run (id) ON DELETE CASCADE
);
INSERT INTO "report" VALUES(1,X'789CCD92390EC2301045AF82A6B6F0126307AE8228BC8CC14A62470E84027177CC52D050935F8C9E34CDD7D3BF41C9D70976FB3DD0A9CC348795C5900BD210FB61A239E17AE8662082D5D42B5B46B8665F797F608E1E3310D0688CB02A48EDC48605EDB7B631A2118E71E44E29A7D03A19FC069592D2360D4A8F9C0565BC93AD5640384997BE3F901F95FA983AF44B6BE5F218F1E56B658E26A685F6F38823C542CFA758FEE6F04020E1B58EAEC2B1EE2F7DB0CA7BD2FD01325FBD85');
CREATE TABLE background_pause (
	id INTEGER NOT NULL, 
	paused BOOLEAN NOT NULL, 
	until_ns INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('root',1);
INSERT INTO sqlite_sequence VALUES('job',3);
INSERT INTO sqlite_sequence VALUES('schedule',2);
INSERT INTO sqlite_sequence VALUES('schedule_run',1);
CREATE INDEX job_state ON job (state);
CREATE INDEX schedule_run_of ON schedule_run (schedule_id, id);
COMMIT;
PRAGMA user_version = 0;
PRAGMA application_id = 0;
