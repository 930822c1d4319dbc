-- What a heal has spent on models, as JSON: reserved before each call, so that a killed process can't spend twice.
CREATE TABLE spending (
    heal_id     TEXT    NOT NULL PRIMARY KEY,
    data        TEXT    NOT NULL,
    at          BIGINT  NOT NULL
);
