-- A database of schema 2 as its last program left it: a quota that blocks, one of several entries, an expiry, an adjustment, a retired entry.
-- Written by `sqlite3 FILE .dump` but for these lines and the last two; never to be made anew.
-- tests/unit/store_migrate_test.c reads it.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
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
, known_until INTEGER NOT NULL DEFAULT 0, known_clock INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO state VALUES(1,'1d141394-b6f2-4647-9593-8e59be737652',1796049571,1796049571,0,'ceab1ffc35567459',0,1,'6b2f4f0c-58a1-4ec2-9b59-0d1e1f2a3b4c',2103,6,-8840346752996881729,'up2699','UTC',1796083200,1796048066);
CREATE TABLE meta (
	key TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('applied.mark','696509ffe1ad68ae 909f8ea0aad0e25b');
INSERT INTO meta VALUES('applied.text',replace('[portflow]\ninterface = auto\ndatabase = /var/lib/portflow/portflow.db\nauto_apply = yes\nnode = hk1\ntimezone = UTC\nbilling = both\nquota_cycle = month\nquota_reset_day = 1\nquota_reset_time = 00:00\nlink_overhead = 0\nkeep_minutes = 2d\nkeep_hours = 400d\nkeep_days = forever\nquota_alerts = 80%, 100%\nlimit_method = auto\ntakeover = no\nkeep_open = auto\n\n[port web]\nports = 443\nprotocols = tcp, udp\nbilling = both\ntimezone = UTC\nquota_cycle = month\nquota_reset_day = 1\nquota_reset_time = 00:00\nlimit = 20mbit\nquota = 1MB\nquota_alerts = 80%, 100%\nquota_action = block\n\n[address a]\naddresses = 10.66.0.2\nbilling = both\ntimezone = UTC\nquota_cycle = month\nquota_reset_day = 1\nquota_reset_time = 00:00\nexpires = 2026-12-02\n\n[quota both]\nentries = web\nbilling = both\ntimezone = UTC\nquota_cycle = month\nquota_reset_day = 1\nquota_reset_time = 00:00\nquota = 10MB\nquota_alerts = 80%, 100%\nquota_action = alert\n','\n',char(10)));
INSERT INTO meta VALUES('keep_open','');
INSERT INTO meta VALUES('node','hk1');
CREATE TABLE epoch (
	pending INTEGER PRIMARY KEY CHECK (pending IN (0, 1)),
	nonce TEXT NOT NULL,
	boot_id TEXT NOT NULL DEFAULT '',
	netns INTEGER NOT NULL DEFAULT 0,
	table_handle INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO epoch VALUES(0,'8ba394f0adfa3a24','6b2f4f0c-58a1-4ec2-9b59-0d1e1f2a3b4c',2103,2);
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
INSERT INTO entry VALUES(1,0,'web',1796049571,0,X'90a306a0db3664e80690a306a0db3664e806',X'0000000000000000',1793491200,1796083200,X'90a306a0db3664e80690a306a0db3664e806',684808664383035758,0,0,X'0000000000000000');
INSERT INTO entry VALUES(2,0,'old',1796049571,1,X'0000000000000000',X'0000000000000000',1793491200,1796083200,X'0000000000000000',684808664383035758,0,0,X'0000000000000000');
INSERT INTO entry VALUES(3,1,'a',1796049571,0,X'0000000000000000',X'0000000000000000',1793491200,1796083200,X'0000000000000000',684808664383035758,0,0,X'0000000000000000');
INSERT INTO entry VALUES(4,3,'forwarded',1796049571,0,X'0000000000000000',X'0000000000000000',1793491200,1796083200,X'0000000000000000',684808664383035758,0,0,X'0000000000000000');
INSERT INTO entry VALUES(5,4,'total',1796049571,0,X'90a306a0db3664e80690a306a0db3664e806',X'0000000000000000',1793491200,1796083200,X'90a306a0db3664e80690a306a0db3664e806',684808664383035758,0,0,X'0000000000000000');
INSERT INTO entry VALUES(6,5,'both',1796049571,0,X'90a306a0db3664e80690a306a0db3664e806',X'0000000000000000',1793491200,1796083200,X'90a306a0db3664e80690a306a0db3664e806',6210834286384733519,0,0,X'0000000000000000');
CREATE TABLE counter (
	id INTEGER PRIMARY KEY CHECK (id > 0),
	entry INTEGER NOT NULL REFERENCES entry (id),
	dir INTEGER NOT NULL,
	role INTEGER NOT NULL,
	mtu INTEGER NOT NULL,
	object TEXT NOT NULL UNIQUE,
	retired INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO counter VALUES(1,1,0,0,0,'p_web.in',0);
INSERT INTO counter VALUES(2,1,0,1,1500,'p_web.in.b1500',0);
INSERT INTO counter VALUES(3,1,0,2,1500,'p_web.in.b1500v6',0);
INSERT INTO counter VALUES(4,1,1,0,0,'p_web.out',0);
INSERT INTO counter VALUES(5,1,1,1,1500,'p_web.out.b1500',0);
INSERT INTO counter VALUES(6,1,1,2,1500,'p_web.out.b1500v6',0);
INSERT INTO counter VALUES(13,3,0,0,0,'a_a.in',0);
INSERT INTO counter VALUES(14,3,0,1,1500,'a_a.in.b1500',0);
INSERT INTO counter VALUES(15,3,1,0,0,'a_a.out',0);
INSERT INTO counter VALUES(16,3,1,1,1500,'a_a.out.b1500',0);
INSERT INTO counter VALUES(17,4,0,0,0,'forwarded.in',0);
INSERT INTO counter VALUES(18,4,0,1,1500,'forwarded.in.b1500',0);
INSERT INTO counter VALUES(19,4,0,2,1500,'forwarded.in.b1500v6',0);
INSERT INTO counter VALUES(20,4,1,0,0,'forwarded.out',0);
INSERT INTO counter VALUES(21,4,1,1,1500,'forwarded.out.b1500',0);
INSERT INTO counter VALUES(22,4,1,2,1500,'forwarded.out.b1500v6',0);
INSERT INTO counter VALUES(23,5,0,0,0,'total.in',0);
INSERT INTO counter VALUES(24,5,0,1,1500,'total.in.b1500',0);
INSERT INTO counter VALUES(25,5,0,2,1500,'total.in.b1500v6',0);
INSERT INTO counter VALUES(26,5,1,0,0,'total.out',0);
INSERT INTO counter VALUES(27,5,1,1,1500,'total.out.b1500',0);
INSERT INTO counter VALUES(28,5,1,2,1500,'total.out.b1500v6',0);
INSERT INTO counter VALUES(29,5,0,3,0,'ts4.in',0);
INSERT INTO counter VALUES(30,5,0,4,0,'ts6.in',0);
INSERT INTO counter VALUES(31,5,1,3,0,'ts4.out',0);
INSERT INTO counter VALUES(32,5,1,4,0,'ts6.out',0);
CREATE TABLE baseline (
	counter INTEGER PRIMARY KEY REFERENCES counter (id) ON DELETE CASCADE,
	handle INTEGER NOT NULL,
	packets INTEGER NOT NULL,
	bytes INTEGER NOT NULL
) STRICT;
INSERT INTO baseline VALUES(1,19,100,102800);
INSERT INTO baseline VALUES(2,20,0,0);
INSERT INTO baseline VALUES(3,21,0,0);
INSERT INTO baseline VALUES(4,22,872,896416);
INSERT INTO baseline VALUES(5,23,0,0);
INSERT INTO baseline VALUES(6,24,0,0);
INSERT INTO baseline VALUES(13,31,0,0);
INSERT INTO baseline VALUES(14,32,0,0);
INSERT INTO baseline VALUES(15,33,0,0);
INSERT INTO baseline VALUES(16,34,0,0);
INSERT INTO baseline VALUES(17,35,0,0);
INSERT INTO baseline VALUES(18,36,0,0);
INSERT INTO baseline VALUES(19,37,0,0);
INSERT INTO baseline VALUES(20,38,0,0);
INSERT INTO baseline VALUES(21,39,0,0);
INSERT INTO baseline VALUES(22,40,0,0);
INSERT INTO baseline VALUES(23,41,100,102800);
INSERT INTO baseline VALUES(24,42,0,0);
INSERT INTO baseline VALUES(25,43,0,0);
INSERT INTO baseline VALUES(26,44,872,896416);
INSERT INTO baseline VALUES(27,45,0,0);
INSERT INTO baseline VALUES(28,46,0,0);
INSERT INTO baseline VALUES(29,47,0,0);
INSERT INTO baseline VALUES(30,48,0,0);
INSERT INTO baseline VALUES(31,49,0,0);
INSERT INTO baseline VALUES(32,50,0,0);
CREATE TABLE span (
	until INTEGER PRIMARY KEY,
	slices BLOB NOT NULL
) STRICT;
INSERT INTO span VALUES(1796049571,X'00140290a306a0db3664e8060890a306a0db3664e806');
CREATE TABLE hour (
	start INTEGER PRIMARY KEY,
	slice BLOB NOT NULL
) STRICT;
INSERT INTO hour VALUES(1796047200,X'0290a306a0db3664e8060890a306a0db3664e806');
CREATE TABLE hours (
	start INTEGER PRIMARY KEY,
	last INTEGER NOT NULL,
	pack BLOB NOT NULL
) STRICT;
CREATE TABLE day (
	start INTEGER PRIMARY KEY,
	slice BLOB NOT NULL
) STRICT;
INSERT INTO day VALUES(1795996800,X'0290a306a0db3664e8060890a306a0db3664e806');
CREATE TABLE cycle (
	entry INTEGER NOT NULL REFERENCES entry (id),
	start INTEGER NOT NULL,
	until INTEGER NOT NULL,
	figures BLOB NOT NULL,
	PRIMARY KEY (entry, start, until)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
	id INTEGER PRIMARY KEY,
	time INTEGER NOT NULL,
	entry INTEGER NOT NULL DEFAULT 0,
	kind TEXT NOT NULL,
	text TEXT NOT NULL
) STRICT;
INSERT INTO event VALUES(1,1796049571,3,'expiring','expires on 2026-12-03 00:00, within 3 days: then it is blocked');
INSERT INTO event VALUES(2,1796049571,1,'quota_blocked','the quota of 1.00 MB is used up: blocked until 2026-12-01 00:00');
CREATE TABLE policy (
	entry INTEGER PRIMARY KEY REFERENCES entry (id) ON DELETE CASCADE,
	cycle_start INTEGER NOT NULL,
	cycle_end INTEGER NOT NULL,
	told INTEGER NOT NULL,
	quota INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	expiry_told INTEGER NOT NULL,
	burst_until INTEGER NOT NULL
) STRICT;
INSERT INTO policy VALUES(1,1793491200,1796083200,100,3,0,0,0);
INSERT INTO policy VALUES(3,1793491200,1796083200,0,0,1796256000,1,0);
INSERT INTO policy VALUES(6,1793491200,1796083200,0,0,0,0,0);
CREATE TABLE adjustment (
	entry INTEGER NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
	start INTEGER NOT NULL,
	until INTEGER NOT NULL,
	extra INTEGER NOT NULL CHECK (extra >= 0),
	correction INTEGER NOT NULL,
	who TEXT NOT NULL,
	time INTEGER NOT NULL,
	PRIMARY KEY (entry, start, until)
) STRICT, WITHOUT ROWID;
INSERT INTO adjustment VALUES(1,1793491200,1796083200,1000000,-5,'root',1795600000);
COMMIT;
PRAGMA application_id = 0x50464c57;
PRAGMA user_version = 2;
