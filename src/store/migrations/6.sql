-- what is to be told to others
CREATE TABLE outbox_lease (
    one        BIGINT NOT NULL PRIMARY KEY,
    fence      BIGINT NOT NULL,
    owner      TEXT,
    expires_at BIGINT NOT NULL
);

CREATE TABLE told (
    run      TEXT   NOT NULL PRIMARY KEY REFERENCES runs (id),
    seen     BIGINT NOT NULL,
    finished BIGINT NOT NULL
);

CREATE TABLE outbox (
    run        TEXT   NOT NULL REFERENCES runs (id),
    name       TEXT   NOT NULL,
    about      TEXT,
    silence    TEXT   NOT NULL,
    content    TEXT   NOT NULL,
    wanted     TEXT   NOT NULL,
    sent       TEXT,
    remote     TEXT,
    doubt      BIGINT NOT NULL,
    attempts   BIGINT NOT NULL,
    since      BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    problem    TEXT,
    state      TEXT   NOT NULL,
    PRIMARY KEY (run, name)
);
CREATE INDEX outbox_due ON outbox (since, run, name) WHERE state = 'wanted';
CREATE INDEX outbox_about ON outbox (about, run) WHERE about IS NOT NULL;

-- tags of answers, for asking whether there is anything new
CREATE TABLE heads (
    repository TEXT   NOT NULL,
    branch     TEXT   NOT NULL,
    commit_id  TEXT   NOT NULL,
    etag       TEXT,
    at         BIGINT NOT NULL,
    PRIMARY KEY (repository, branch)
);
