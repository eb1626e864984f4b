-- state.db as its first step left it, with a root in it.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
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
CREATE TABLE job_error (
	job_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	path BLOB NOT NULL, 
	kind VARCHAR NOT NULL, 
	message VARCHAR NOT NULL, 
	PRIMARY KEY (job_id, position), 
	FOREIGN KEY(job_id) REFERENCES job (id) ON DELETE CASCADE
);
CREATE TABLE root (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR NOT NULL, 
	path BLOB NOT NULL, 
	hash VARCHAR NOT NULL, 
	algorithm VARCHAR NOT NULL, 
	exclude JSON NOT NULL, 
	one_file_system BOOLEAN NOT NULL, 
	skip_hidden BOOLEAN NOT NULL, 
	created_ns INTEGER NOT NULL, 
	UNIQUE (name), 
	UNIQUE (path)
);
INSERT INTO "root" VALUES(1,'films',X'2F6D6E742F66696C6D73','all','blake3','["*.tmp"]',0,0,7);
CREATE INDEX job_state ON job (state);
COMMIT;
