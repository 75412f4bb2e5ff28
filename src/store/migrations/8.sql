-- folders of logs, each with the id that lies in it
CREATE TABLE log_keepers (
    id     TEXT NOT NULL PRIMARY KEY,
    name   TEXT,
    host   TEXT NOT NULL,
    folder TEXT NOT NULL
);
-- which part of a run's log is kept where
CREATE TABLE log_parts (
    run     TEXT   NOT NULL REFERENCES runs (id),
    part    BIGINT NOT NULL,
    keeper  TEXT   NOT NULL REFERENCES log_keepers (id),
    shipped BIGINT NOT NULL,
    PRIMARY KEY (run, part)
);
-- each part has cursors of its own
ALTER TABLE log_cursors RENAME TO log_cursors_of_stages;
CREATE TABLE log_cursors (
    run            TEXT   NOT NULL REFERENCES runs (id),
    stage          TEXT   NOT NULL,
    part           BIGINT NOT NULL,
    position       BIGINT NOT NULL,
    next_seq       BIGINT NOT NULL,
    intent_through BIGINT,
    intent_at      BIGINT,
    sent           BIGINT NOT NULL,
    rejected       TEXT   NOT NULL,
    PRIMARY KEY (run, stage, part)
);
INSERT INTO log_cursors (run, stage, part, position, next_seq, intent_through, intent_at, sent, rejected)
    SELECT run, stage, 0, position, next_seq, intent_through, intent_at, sent, rejected FROM log_cursors_of_stages;
DROP TABLE log_cursors_of_stages;
