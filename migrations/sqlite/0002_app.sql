-- Webhook deliveries: committed before they are answered, worked on after.
CREATE TABLE deliveries (
    id          TEXT    NOT NULL PRIMARY KEY,
    event       TEXT    NOT NULL,
    payload     TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    note        TEXT,
    tries       BIGINT  NOT NULL,
    due_at      BIGINT  NOT NULL,
    received_at BIGINT  NOT NULL,
    finished_at BIGINT
);
CREATE INDEX deliveries_due ON deliveries (state, due_at);

-- What the App's heals need beyond those of the command line.
ALTER TABLE heals ADD COLUMN door TEXT NOT NULL DEFAULT 'local';
ALTER TABLE heals ADD COLUMN branch TEXT NOT NULL DEFAULT '';
ALTER TABLE heals ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
ALTER TABLE heals ADD COLUMN attempt BIGINT NOT NULL DEFAULT 0;
ALTER TABLE heals ADD COLUMN data TEXT NOT NULL DEFAULT '{}';
ALTER TABLE heals ADD COLUMN settled BIGINT NOT NULL DEFAULT 0;
ALTER TABLE heals ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE heals ADD COLUMN woken_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE heals ADD COLUMN lease_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE heals ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
-- One heal for one failure of one commit; '' stands for a failure that is not read yet.
CREATE UNIQUE INDEX heals_by_failure ON heals (repository, head, fingerprint) WHERE door = 'github';
CREATE INDEX heals_due ON heals (door, settled, due_at);
CREATE INDEX heals_by_branch ON heals (repository, branch);

-- The ledger: every patch put to the test, whatever the door.
CREATE TABLE attempts (
    heal_id     TEXT    NOT NULL REFERENCES heals (id),
    number      BIGINT  NOT NULL,
    branch      TEXT,
    commit_sha  TEXT,
    data        TEXT    NOT NULL,
    at          BIGINT  NOT NULL,
    PRIMARY KEY (heal_id, number)
);
CREATE INDEX attempts_by_branch ON attempts (branch);
CREATE INDEX attempts_by_commit ON attempts (commit_sha);

-- Failures that went away without a change of the code.
CREATE TABLE flaky_evidence (
    repository  TEXT    NOT NULL,
    head        TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    test        TEXT    NOT NULL,
    at          BIGINT  NOT NULL,
    PRIMARY KEY (repository, head, fingerprint, test)
);

-- The audit chain: each row's hash covers the hash of the row before it.
CREATE TABLE audit (
    sequence    BIGINT  NOT NULL PRIMARY KEY,
    at          BIGINT  NOT NULL,
    heal_id     TEXT,
    kind        TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    previous    TEXT    NOT NULL,
    hash        TEXT    NOT NULL
);
-- The end of the chain, updated with each row: a chain that was cut short does not lead here.
CREATE TABLE audit_end (
    id          BIGINT  NOT NULL PRIMARY KEY,
    sequence    BIGINT  NOT NULL,
    hash        TEXT    NOT NULL
);
INSERT INTO audit_end (id, sequence, hash) VALUES (1, 0, '');
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit table is append-only'); END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit table is append-only'); END;
