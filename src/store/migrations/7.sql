-- agents of a fleet: who they are, what they have, when they were last heard of
CREATE TABLE agents (
    id         TEXT   NOT NULL PRIMARY KEY,
    owner      TEXT   NOT NULL,
    name       TEXT,
    version    TEXT   NOT NULL,
    labels     TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    draining   BIGINT NOT NULL
);
-- when a run of each repository was last taken, for fair shares
CREATE TABLE served (
    repository TEXT   NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL
);
-- what an agent must have to take the run
ALTER TABLE runs ADD COLUMN labels TEXT NOT NULL DEFAULT '[]';
