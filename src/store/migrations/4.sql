-- what a person has locked
CREATE TABLE holds (
    environment TEXT   NOT NULL PRIMARY KEY,
    reason      TEXT   NOT NULL,
    who         TEXT   NOT NULL,
    since       BIGINT NOT NULL,
    until       BIGINT
);

-- what people answered about a run that asks them
CREATE TABLE answers (
    run    TEXT   NOT NULL REFERENCES runs (id),
    stage  TEXT   NOT NULL,
    plan   TEXT   NOT NULL,
    person TEXT   NOT NULL,
    via    TEXT   NOT NULL,
    says   TEXT   NOT NULL,
    reason TEXT,
    at     BIGINT NOT NULL,
    void   TEXT,
    PRIMARY KEY (run, stage, plan, person)
);

-- where an open run stands while nobody drives it, and what it was told meanwhile
ALTER TABLE runs ADD COLUMN standing TEXT NOT NULL DEFAULT 'fresh';
ALTER TABLE runs ADD COLUMN wakes_at BIGINT;
ALTER TABLE runs ADD COLUMN woken BIGINT NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN stop TEXT;
ALTER TABLE runs ADD COLUMN strikes BIGINT NOT NULL DEFAULT 0;
UPDATE runs SET standing = 'begun' WHERE outcome IS NULL;

-- who works where: one holder a lane, the others in the order they asked
DROP TABLE environment_queue;
CREATE TABLE lanes (
    run    TEXT   NOT NULL REFERENCES runs (id),
    stage  TEXT   NOT NULL,
    lane   TEXT   NOT NULL,
    ticket BIGINT NOT NULL,
    held   BIGINT NOT NULL,
    PRIMARY KEY (run, stage, lane),
    UNIQUE (lane, ticket)
);
CREATE UNIQUE INDEX lane_holder ON lanes (lane) WHERE held = 1;
