CREATE TABLE IF NOT EXISTS messages (
    sequence       INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription   TEXT NOT NULL,
    message_id     TEXT NOT NULL,
    enqueued_at    TEXT NOT NULL,
    dead_reason    TEXT,
    died_at        REAL,
    resubmissions  INTEGER NOT NULL DEFAULT 0,
    -- Last, so that looking for messages reads no body longer than a page.
    body           BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_waiting ON messages (subscription, sequence) WHERE dead_reason IS NULL;
CREATE INDEX IF NOT EXISTS messages_dead ON messages (sequence) WHERE dead_reason IS NOT NULL;

-- Apart from the messages, so that taking and giving back a message writes no body. A message without a row was never
-- delivered; a dead letter has none any more.
CREATE TABLE IF NOT EXISTS deliveries (
    sequence       INTEGER PRIMARY KEY,
    delivery_count INTEGER NOT NULL,
    locked_until   REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS facts (
    tenant_id   TEXT NOT NULL,
    key         TEXT NOT NULL,
    fact_id     TEXT NOT NULL,
    at          TEXT NOT NULL,
    received_at TEXT NOT NULL,
    event       TEXT NOT NULL,
    PRIMARY KEY (tenant_id, key, fact_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS heads (
    tenant_id    TEXT NOT NULL,
    key          TEXT NOT NULL,
    etag         INTEGER NOT NULL,
    state        TEXT NOT NULL,
    queue        TEXT,
    bot          TEXT,
    customer     TEXT,
    attention_at TEXT,
    unposted_month TEXT,
    document     TEXT NOT NULL,
    PRIMARY KEY (tenant_id, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS heads_of_customer ON heads (tenant_id, customer, key) WHERE customer IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_due ON heads (tenant_id, attention_at) WHERE attention_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_unposted ON heads (tenant_id, unposted_month) WHERE unposted_month IS NOT NULL;

CREATE TABLE IF NOT EXISTS decisions (
    tenant_id TEXT NOT NULL,
    key       TEXT NOT NULL,
    number    INTEGER NOT NULL,
    document  TEXT NOT NULL,
    PRIMARY KEY (tenant_id, key, number)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS beside (
    tenant_id TEXT NOT NULL,
    key       TEXT NOT NULL,
    name      TEXT NOT NULL,
    document  TEXT NOT NULL,
    PRIMARY KEY (tenant_id, key, name)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS threads (
    tenant_id TEXT NOT NULL,
    key       TEXT NOT NULL,
    etag      INTEGER NOT NULL,
    document  TEXT NOT NULL,
    PRIMARY KEY (tenant_id, key)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS contributions (
    tenant_id  TEXT NOT NULL,
    kind       TEXT NOT NULL,
    policy     TEXT NOT NULL,
    period     TEXT NOT NULL,
    key        TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    -- Without a standing the row is a tombstone, which has an end.
    standing   TEXT,
    kept_until REAL,
    content    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, kind, policy, period, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS contributions_kept ON contributions (kept_until) WHERE kept_until IS NOT NULL;

CREATE TABLE IF NOT EXISTS ledger_days (
    tenant_id TEXT NOT NULL,
    policy    TEXT NOT NULL,
    month     TEXT NOT NULL,
    day       TEXT NOT NULL,
    measure   TEXT NOT NULL,
    dimension TEXT NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, policy, month, day, measure, dimension)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS ledger_months (
    tenant_id TEXT NOT NULL,
    policy    TEXT NOT NULL,
    month     TEXT NOT NULL,
    posts     INTEGER NOT NULL,
    closed_at TEXT,
    PRIMARY KEY (tenant_id, policy, month)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS reports (
    tenant_id TEXT NOT NULL,
    month     TEXT NOT NULL,
    version   INTEGER NOT NULL,
    document  TEXT NOT NULL,
    PRIMARY KEY (tenant_id, month, version)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS secrets (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    secret    BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS configurations (
    tenant_id     TEXT NOT NULL,
    number        INTEGER NOT NULL,
    in_force_from TEXT NOT NULL,
    document      TEXT NOT NULL,
    PRIMARY KEY (tenant_id, number)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS parked (
    tenant_id TEXT NOT NULL,
    id        TEXT NOT NULL,
    received_at TEXT NOT NULL,
    document  TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;

-- With a rowid: contents are larger than pages, and would make the primary key's tree a slow one.
CREATE TABLE IF NOT EXISTS overflow (
    tenant_id TEXT NOT NULL,
    place     TEXT NOT NULL,
    sha256    TEXT NOT NULL,
    content   BLOB NOT NULL,
    PRIMARY KEY (tenant_id, place, sha256)
);
