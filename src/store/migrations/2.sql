CREATE TABLE watch_leases (
    environment TEXT   NOT NULL PRIMARY KEY,
    fence       BIGINT NOT NULL,
    owner       TEXT,
    expires_at  BIGINT NOT NULL,
    since       BIGINT
);

CREATE TABLE watched (
    environment TEXT   NOT NULL,
    execution   TEXT   NOT NULL,
    began_at    BIGINT NOT NULL,
    verdict     TEXT   NOT NULL,
    evidence    TEXT   NOT NULL,
    answer      TEXT   NOT NULL,
    progress    TEXT   NOT NULL,
    training    TEXT,
    told_at     BIGINT,
    noted_at    BIGINT NOT NULL,
    PRIMARY KEY (environment, execution, began_at)
);
CREATE INDEX watched_by_time ON watched (environment, began_at);
CREATE INDEX watched_open ON watched (environment, began_at) WHERE progress <> 'done';
