CREATE TABLE runs (
    id          TEXT   NOT NULL PRIMARY KEY,
    repository  TEXT   NOT NULL,
    reference   TEXT   NOT NULL,
    commit_id   TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    ask         BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    facts       TEXT   NOT NULL,
    pipeline    TEXT   NOT NULL,
    outcome     TEXT,
    logs_shipped BIGINT NOT NULL DEFAULT 0,
    UNIQUE (repository, reference, commit_id, environment, ask)
);
CREATE INDEX runs_by_time ON runs (created_at, id);
CREATE INDEX runs_open ON runs (created_at) WHERE outcome IS NULL;
CREATE INDEX runs_with_unsent_logs ON runs (created_at) WHERE logs_shipped = 0;

CREATE TABLE events (
    run   TEXT   NOT NULL REFERENCES runs (id),
    seq   BIGINT NOT NULL,
    at    BIGINT NOT NULL,
    event TEXT   NOT NULL,
    PRIMARY KEY (run, seq)
);

CREATE TABLE leases (
    run        TEXT   NOT NULL PRIMARY KEY REFERENCES runs (id),
    fence      BIGINT NOT NULL,
    owner      TEXT,
    expires_at BIGINT NOT NULL
);

CREATE TABLE evidence (
    run   TEXT   NOT NULL REFERENCES runs (id),
    name  TEXT   NOT NULL,
    at    BIGINT NOT NULL,
    value TEXT   NOT NULL,
    PRIMARY KEY (run, name)
);

CREATE TABLE environment_queue (
    run         TEXT   NOT NULL PRIMARY KEY REFERENCES runs (id),
    environment TEXT   NOT NULL,
    ticket      BIGINT NOT NULL,
    held        BIGINT NOT NULL,
    UNIQUE (environment, ticket)
);
CREATE UNIQUE INDEX environment_holder ON environment_queue (environment) WHERE held = 1;

CREATE TABLE log_cursors (
    run            TEXT   NOT NULL REFERENCES runs (id),
    stage          TEXT   NOT NULL,
    position       BIGINT NOT NULL,
    next_seq       BIGINT NOT NULL,
    intent_through BIGINT,
    intent_at      BIGINT,
    sent           BIGINT NOT NULL,
    rejected       TEXT   NOT NULL,
    PRIMARY KEY (run, stage)
);
