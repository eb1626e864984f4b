-- Groups of a plan by their content, written in order once the plan is whole: kept up group by group, an index by hash
-- would be written at a random place for each of them.
CREATE TABLE plan_content (
    plan INTEGER NOT NULL REFERENCES plan ON DELETE CASCADE,
    hash BLOB NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (plan, hash, number)
) STRICT, WITHOUT ROWID;
INSERT INTO plan_content SELECT plan, hash, number FROM plan_group ORDER BY plan, hash, number;

-- Groups that are left to decide.
CREATE INDEX plan_copy_undecided ON plan_copy (plan, group_number) WHERE decision = 0;
