-- Transcripts: what was asked of models and what they answered, redacted; kept only where that is asked for.
CREATE TABLE exchanges (
    heal_id     TEXT    NOT NULL REFERENCES heals (id),
    sequence    BIGINT  NOT NULL,
    purpose     TEXT    NOT NULL,
    model       TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    at          BIGINT  NOT NULL,
    PRIMARY KEY (heal_id, sequence)
);
CREATE INDEX exchanges_by_age ON exchanges (at);

-- How well each model keeps to each form of answer, counted over all heals.
CREATE TABLE models (
    endpoint     TEXT    NOT NULL,
    model        TEXT    NOT NULL,
    format       TEXT    NOT NULL,
    asked        BIGINT  NOT NULL,
    well_formed  BIGINT  NOT NULL,
    applied      BIGINT  NOT NULL,
    refused      BIGINT  NOT NULL,
    at           BIGINT  NOT NULL,
    PRIMARY KEY (endpoint, model, format)
);

-- Fixes that ended well, or that people closed, are looked for by repository.
CREATE INDEX heals_by_outcome ON heals (repository, outcome);
