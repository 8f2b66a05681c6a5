-- Schema 1. Times are Unix seconds. Unsigned 64-bit numbers of the kernel (handles, cookies, counters) are kept by
-- their bits. `total`, `older`, `cycle` and `rate` are eight figures, `slice` the figures of many entries: slice.h.
CREATE TABLE state (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	uuid TEXT NOT NULL,
	created INTEGER NOT NULL,
	sampled INTEGER NOT NULL DEFAULT 0,
	restored INTEGER NOT NULL DEFAULT 0,
	canary TEXT NOT NULL DEFAULT '',
	reset_seen INTEGER NOT NULL DEFAULT 0,
	known INTEGER NOT NULL DEFAULT 0,
	known_boot TEXT NOT NULL DEFAULT '',
	known_netns INTEGER NOT NULL DEFAULT 0,
	known_generation INTEGER NOT NULL DEFAULT 0,
	known_hash INTEGER NOT NULL DEFAULT 0,
	devices TEXT NOT NULL DEFAULT '',
	zone TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE meta (
	key TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which table in which network namespace of which boot the baselines belong to; pending: about to be made.
CREATE TABLE epoch (
	pending INTEGER PRIMARY KEY CHECK (pending IN (0, 1)),
	nonce TEXT NOT NULL,
	boot_id TEXT NOT NULL DEFAULT '',
	netns INTEGER NOT NULL DEFAULT 0,
	table_handle INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE entry (
	id INTEGER PRIMARY KEY CHECK (id > 0),
	kind INTEGER NOT NULL,
	name TEXT NOT NULL,
	created INTEGER NOT NULL,
	retired INTEGER NOT NULL DEFAULT 0,
	total BLOB NOT NULL,
	older BLOB NOT NULL,
	cycle_start INTEGER NOT NULL DEFAULT 0,
	cycle_end INTEGER NOT NULL DEFAULT 0,
	cycle BLOB NOT NULL,
	cycle_rule INTEGER NOT NULL DEFAULT 0,
	rate_from INTEGER NOT NULL DEFAULT 0,
	rate_to INTEGER NOT NULL DEFAULT 0,
	rate BLOB NOT NULL,
	UNIQUE (kind, name)
) STRICT;

CREATE TABLE counter (
	id INTEGER PRIMARY KEY CHECK (id > 0),
	entry INTEGER NOT NULL REFERENCES entry (id),
	dir INTEGER NOT NULL,
	role INTEGER NOT NULL,
	mtu INTEGER NOT NULL,
	object TEXT NOT NULL UNIQUE,
	retired INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A counter without a baseline was not seen in the kernel yet. Apart from counter, since these few bytes change in
-- every run and those never.
CREATE TABLE baseline (
	counter INTEGER PRIMARY KEY REFERENCES counter (id) ON DELETE CASCADE,
	handle INTEGER NOT NULL,
	packets INTEGER NOT NULL,
	bytes INTEGER NOT NULL
) STRICT;

-- What one result measured, by the moment it ends.
CREATE TABLE span (
	until INTEGER PRIMARY KEY,
	slices BLOB NOT NULL
) STRICT;

-- One row a bucket, with all entries that had traffic in it.
CREATE TABLE hour (
	start INTEGER PRIMARY KEY,
	slice BLOB NOT NULL
) STRICT;

-- The hours of a day that is over, packed closer: pack.h. No row of hour lies in [start, last].
CREATE TABLE hours (
	start INTEGER PRIMARY KEY,
	last INTEGER NOT NULL,
	pack BLOB NOT NULL
) STRICT;

CREATE TABLE day (
	start INTEGER PRIMARY KEY,
	slice BLOB NOT NULL
) STRICT;

-- Closed cycles; the running one is in entry.
CREATE TABLE cycle (
	entry INTEGER NOT NULL REFERENCES entry (id),
	start INTEGER NOT NULL,
	until INTEGER NOT NULL,
	figures BLOB NOT NULL,
	PRIMARY KEY (entry, start, until)
) STRICT, WITHOUT ROWID;

-- entry 0: the machine's own.
CREATE TABLE event (
	id INTEGER PRIMARY KEY,
	time INTEGER NOT NULL,
	entry INTEGER NOT NULL DEFAULT 0,
	kind TEXT NOT NULL,
	text TEXT NOT NULL
) STRICT;
