-- who did what
CREATE TABLE audit (
    seq      BIGINT NOT NULL PRIMARY KEY,
    at       BIGINT NOT NULL,
    who      TEXT   NOT NULL,
    act      TEXT   NOT NULL,
    object   TEXT   NOT NULL,
    detail   TEXT   NOT NULL,
    previous TEXT   NOT NULL,
    hash     TEXT   NOT NULL
);

-- which ended runs have been measured and traced
ALTER TABLE runs ADD COLUMN observed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX runs_unobserved ON runs (created_at) WHERE outcome IS NOT NULL AND observed = 0;

-- what was answered to requests that may come twice
CREATE TABLE requests (
    who         TEXT   NOT NULL,
    request_key TEXT   NOT NULL,
    digest      TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    status      BIGINT,
    body        TEXT,
    PRIMARY KEY (who, request_key)
);
CREATE INDEX requests_by_time ON requests (at);
