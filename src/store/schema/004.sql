-- Schema 4: the outbox: what is to be told, to whom, until it is delivered or given up.
-- letter: rows of one target and recipient that go as one message, by the least id among them; 0: not yet put together. A letter stays
-- what it is at each try, so that a service can know it again.
-- lease, leased: who delivers it now, and since when; next: not before; parked: not tried any more, why says it.
CREATE TABLE outbox (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	event INTEGER NOT NULL,
	target TEXT NOT NULL,
	recipient TEXT NOT NULL,
	created INTEGER NOT NULL,
	notice BLOB NOT NULL,
	letter INTEGER NOT NULL DEFAULT 0,
	tries INTEGER NOT NULL DEFAULT 0,
	next INTEGER NOT NULL DEFAULT 0,
	lease TEXT NOT NULL DEFAULT '',
	leased INTEGER NOT NULL DEFAULT 0,
	parked INTEGER NOT NULL DEFAULT 0 CHECK (parked IN (0, 1)),
	why TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX outbox_letter ON outbox (letter);
