-- what reached the agent
CREATE TABLE deliveries (
    id          TEXT   NOT NULL PRIMARY KEY,
    via         TEXT   NOT NULL,
    repository  TEXT   NOT NULL,
    event       TEXT   NOT NULL,
    body        TEXT   NOT NULL,
    bytes       BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    attempts    BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    note        TEXT,
    verdict     TEXT,
    judged_at   BIGINT
);
CREATE INDEX deliveries_by_time ON deliveries (received_at, id);
CREATE INDEX deliveries_by_repository ON deliveries (repository, via, received_at);
CREATE INDEX deliveries_unjudged ON deliveries (repository, received_at, id) WHERE verdict IS NULL;
