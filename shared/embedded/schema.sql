CREATE TABLE IF NOT EXISTS messages (
    sequence       INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription   TEXT NOT NULL,
    -- By whom it was published; who sends to the bus without Patchbay names nobody.
    tenant_id      TEXT NOT NULL,
    message_id     TEXT NOT NULL,
    enqueued_at    TEXT NOT NULL,
    dead_reason    TEXT,
    died_at        REAL,
    resubmissions  INTEGER NOT NULL DEFAULT 0,
    -- Last, so that looking for messages reads no body longer than a page.
    body           BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_waiting ON messages (subscription, tenant_id, sequence) WHERE dead_reason IS NULL;
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
    type        TEXT NOT NULL,
    -- Last, so that whoever looks for times and types reads no event longer than a page.
    event       TEXT NOT NULL,
    PRIMARY KEY (tenant_id, key, fact_id)
) WITHOUT ROWID;

-- With a rowid: a tree whose inner pages held whole documents would be many levels deep.
CREATE TABLE IF NOT EXISTS heads (
    tenant_id    TEXT NOT NULL,
    key          TEXT NOT NULL,
    etag         INTEGER NOT NULL,
    state        TEXT NOT NULL,
    queue        TEXT,
    bot          TEXT,
    channel      TEXT,
    attention    TEXT,
    customer     TEXT,
    -- By what lists are sorted, in microseconds since 1970; a conversation that does not wait has no `waiting`.
    started      INTEGER NOT NULL,
    activity     INTEGER NOT NULL,
    waiting      INTEGER,
    attention_at TEXT,
    unposted_month TEXT,
    document     TEXT NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
-- A list reads one of these from where its page begins (shared/embedded/conversation_lists.py). Only what waits is
-- `open`, so an index by state serves every list of what waits. One who waits has no bot. Those by state are asked
-- together with another filter most, so they have its columns: a head that it does not leave is not read.
CREATE INDEX IF NOT EXISTS heads_by_started ON heads (tenant_id, started, key);
CREATE INDEX IF NOT EXISTS heads_by_activity ON heads (tenant_id, activity, key);
CREATE INDEX IF NOT EXISTS heads_by_state_started ON heads (tenant_id, state, started, key, queue, bot, channel);
CREATE INDEX IF NOT EXISTS heads_by_state_activity ON heads (tenant_id, state, activity, key, queue, bot, channel);
CREATE INDEX IF NOT EXISTS heads_by_state_waiting ON heads (tenant_id, state, waiting, key, queue, bot, channel)
    WHERE waiting IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_by_queue_started ON heads (tenant_id, queue, started, key) WHERE queue IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_by_queue_activity ON heads (tenant_id, queue, activity, key) WHERE queue IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_by_queue_waiting ON heads (tenant_id, queue, waiting, key) WHERE waiting IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_by_bot_started ON heads (tenant_id, bot, started, key) WHERE bot IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_by_bot_activity ON heads (tenant_id, bot, activity, key) WHERE bot IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_by_bot_waiting ON heads (tenant_id, bot, waiting, key)
    WHERE bot IS NOT NULL AND waiting IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_by_channel_started ON heads (tenant_id, channel, started, key)
    WHERE channel IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_by_channel_activity ON heads (tenant_id, channel, activity, key)
    WHERE channel IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_by_channel_waiting ON heads (tenant_id, channel, waiting, key)
    WHERE waiting IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_by_attention_started ON heads (tenant_id, attention, started, key)
    WHERE attention IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_by_attention_activity ON heads (tenant_id, attention, activity, key)
    WHERE attention IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_by_attention_waiting ON heads (tenant_id, attention, waiting, key)
    WHERE attention IS NOT NULL AND waiting IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_of_customer ON heads (tenant_id, customer, key) WHERE customer IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_due ON heads (tenant_id, attention_at) WHERE attention_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS heads_unposted ON heads (tenant_id, unposted_month) WHERE unposted_month IS NOT NULL;

-- A head with a warning has a row for each, with the head's own times, by which lists of one warning are sorted.
CREATE TABLE IF NOT EXISTS warnings (
    tenant_id TEXT NOT NULL,
    key       TEXT NOT NULL,
    warning   TEXT NOT NULL,
    started   INTEGER NOT NULL,
    activity  INTEGER NOT NULL,
    waiting   INTEGER,
    PRIMARY KEY (tenant_id, key, warning)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS warnings_by_started ON warnings (tenant_id, warning, started, key);
CREATE INDEX IF NOT EXISTS warnings_by_activity ON warnings (tenant_id, warning, activity, key);
CREATE INDEX IF NOT EXISTS warnings_by_waiting ON warnings (tenant_id, warning, waiting, key)
    WHERE waiting IS NOT NULL;

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
);
CREATE INDEX IF NOT EXISTS parked_by_position ON parked (tenant_id, received_at || '.' || id);
CREATE INDEX IF NOT EXISTS parked_waiting ON parked (tenant_id, received_at || '.' || id)
    WHERE json_extract(document, '$.replayedAt') IS NULL;

-- With a rowid: contents are larger than pages, and would make the primary key's tree a slow one.
CREATE TABLE IF NOT EXISTS overflow (
    tenant_id TEXT NOT NULL,
    place     TEXT NOT NULL,
    sha256    TEXT NOT NULL,
    content   BLOB NOT NULL,
    PRIMARY KEY (tenant_id, place, sha256)
);
