-- One row for each heal: where it stands, and what it knows, so that a killed process can resume.
CREATE TABLE heals (
    id          TEXT    NOT NULL PRIMARY KEY,
    repository  TEXT    NOT NULL,
    head        TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    outcome     TEXT,
    owner       TEXT    NOT NULL,
    created_at  BIGINT  NOT NULL,
    updated_at  BIGINT  NOT NULL
);
CREATE INDEX heals_by_repository ON heals (repository, created_at);

-- Every transition, written before its effect is attempted.
CREATE TABLE transitions (
    heal_id     TEXT    NOT NULL REFERENCES heals (id),
    sequence    BIGINT  NOT NULL,
    from_state  TEXT    NOT NULL,
    event       TEXT    NOT NULL,
    to_state    TEXT    NOT NULL,
    at          BIGINT  NOT NULL,
    PRIMARY KEY (heal_id, sequence)
);
