/* A table of nftables as plain structs: what we want (desired*.c fill it from the configuration) and what the kernel has
 * (nft/read.c fills it from dumps) are the same type, so comparing them is natural (diff.c). There are two of the same name: `table inet
 * portflow` counts, blocks and polices, `table netdev portflow` sends what comes in past the classes that shape it.
 * Pure. All memory in an arena. */
#ifndef MODEL_RULESET_H
#define MODEL_RULESET_H

#include <stdbool.h>
#include <stdint.h>

#include "util/vec.h"

#define RULESET_TABLE "portflow"

/* One expression of a rule. Registers are named as the kernel dumps them (1 = the first 16 bytes, 9 = the 4 bytes behind the
 * first 4 of it, 2 = the second 16 bytes), so that both sides read alike. */
enum rule_op {
	OP_META,    /* reg = meta `key` */
	OP_PAYLOAD, /* reg = `len` bytes at `offset` of header `key` (NFT_PAYLOAD_*) */
	OP_FIB,     /* reg = address type; `key` = NFTA_FIB_F_* flags, offset = NFT_FIB_RESULT_* */
	OP_NUMGEN,  /* reg = 0 to offset - 1, the next one at each packet that comes here; key = NFT_NG_INCREMENTAL */
	OP_HTON,    /* reg = its 4 bytes from host to network order, so that OP_CMP can tell less from more */
	OP_BITWISE, /* reg = reg & data[0..len) */
	OP_CMP,     /* reg `key` (NFT_CMP_*) data[0..len), else the rule ends */
	OP_LOOKUP,  /* reg in set `name`; key = NFT_LOOKUP_F_INV: not in it */
	OP_VMAP,    /* verdict of reg by map `name` */
	OP_COUNTER_MAP, /* the counter object that map `name` holds for reg; else the rule ends */
	OP_QUOTA_MAP,   /* the same for a quota: the rule ends where it is not used up */
	OP_LIMIT_MAP, /* the same for a limit: the rule ends within the rate. All three are one expression of the kernel: which
			 * it is tells the map, so the reader looks there */
	OP_COUNTER, /* the counter object `name` */
	OP_TPROXY, /* to the local port in reg; only rules that no packet meets have it: that there is one makes the kernel put fragments
			 * together before the hooks */
	OP_UPDATE, /* puts reg into the dynamic set `name`, or makes it last anew there; the rule ends where that is full */
	OP_DATA_MAP, /* reg = what map `name` holds for reg; else the rule ends */
	OP_DATA,     /* reg = data[0..len) */
	OP_META_SET, /* meta `key` = reg */
	OP_FWD, /* the packet goes out by the device whose ifindex reg holds, and comes back from there; rules end */
	OP_VERDICT, /* `key` = NFT_JUMP, NFT_GOTO, NFT_RETURN, NF_DROP, NF_ACCEPT; name = the chain of the first two */
	OP_FOREIGN, /* nothing that we write; observed only */
};

struct rule_expr {
	enum rule_op op;
	uint32_t reg, key, offset, len;
	uint8_t data[16];
	const char *name; /* NULL where none */
};

struct ruleset_rule {
	uint64_t handle; /* observed only */
	VEC_OF(struct rule_expr) exprs;
};

struct ruleset_chain {
	const char *name;
	const char *device; /* RULESET_NETDEV, base: the one whose packets it sees; "" observed: none any more */
	uint32_t hook;
	int32_t priority;
	bool base; /* device, hook and priority are valid; type filter, policy accept */
	bool odd;  /* observed: a type, policy or device that is not ours */
	VEC_OF(struct ruleset_rule) rules;
};

enum set_key {
	KEY_SERVICE,
	KEY_IFNAME,
	KEY_ADDR4,
	KEY_ADDR6,
	KEY_ADDR4_SERVICE,
	KEY_ADDR6_SERVICE,
	KEY_ADDR4_SERVICES, /* and two ports */
	KEY_ADDR6_SERVICES,
	KEY_ADDRTYPE,
	SET_KEYS
};
enum set_data { DATA_NONE, DATA_COUNTER, DATA_VERDICT, DATA_QUOTA, DATA_LIMIT, DATA_CLASS, SET_DATA };

#define SET_KEY_MAX 24
/* nft's number and length of the data of DATA_CLASS, in the host's byte order: listed as 7066:1. */
#define RULESET_CLASS_TYPE 23
#define RULESET_CLASS_LEN 4

#define RULESET_DYNAMIC_MAX 8192U
#define RULESET_DYNAMIC_S 30U

struct ruleset_elem {
	uint8_t from[SET_KEY_MAX]; /* network order, rest zero */
	uint8_t to[SET_KEY_MAX];   /* inclusive; = from unless the set holds intervals */
	const char *name;          /* object or chain; NULL in a set */
	uint32_t verdict;          /* DATA_VERDICT: NFT_GOTO, NFT_RETURN, NF_DROP; DATA_CLASS: major << 16 | minor */
	uint64_t
		deadline; /* ms from the ruleset's now_ms at which it goes by itself; 0 never. Only where the set is timed */
};

struct ruleset_set {
	const char *name;
	enum set_key key;
	bool interval;
	bool timed; /* elements may have a deadline */
	/* Filled by rules, packet by packet: at most RULESET_DYNAMIC_MAX elements, each for RULESET_DYNAMIC_S. They come and go: nobody
	 * reads or writes them. */
	bool dynamic;
	enum set_data data;
	bool odd;    /* observed: flags, types or sizes that are not ours */
	bool sorted; /* elems ascend by `from` */
	VEC_OF(struct ruleset_elem) elems;
};

enum object_kind { OBJECT_COUNTER, OBJECT_QUOTA, OBJECT_LIMIT, OBJECT_OTHER, OBJECT_KINDS };

struct ruleset_object {
	const char *name;
	enum object_kind kind;
	uint32_t type;    /* NFT_OBJECT_* as the kernel has it */
	uint64_t handle;  /* observed only */
	uint64_t packets; /* OBJECT_COUNTER, observed only */
	/* OBJECT_COUNTER: observed only. OBJECT_QUOTA: used; what it drops it uses too, but the kernel shows no more than the
	 * limit. */
	uint64_t bytes;
	uint64_t limit; /* OBJECT_QUOTA: bytes, "over"; OBJECT_LIMIT: bytes a second, "over" */
	uint32_t burst; /* OBJECT_LIMIT: bytes */
	uint32_t
		use; /* observed only: by how many elements and rules, expired ones that still wait for the broom too */
	bool odd;    /* observed: a quota or limit with flags, type or unit that are not ours */
};

enum ruleset_family { RULESET_INET, RULESET_NETDEV };

struct ruleset {
	enum ruleset_family family;
	bool present;        /* the table exists */
	const char *comment; /* our mark: "portflow UUID NONCE"; "" if none */
	uint32_t flags;      /* 0 is ours; dormant counts nothing */
	uint64_t handle;     /* of the table; observed only */
	int64_t now_ms;      /* Unix time in milliseconds from which deadlines are counted */
	VEC_OF(struct ruleset_chain) chains;
	VEC_OF(struct ruleset_set) sets;
	VEC_OF(struct ruleset_object) objects; /* desired: the canary is not among them */
	VEC_OF(const char *) flowtables;       /* observed only: none is ours */
};

/* Bytes of a key in the kernel, and nft's number of its type for `nft list`. */
struct set_key_type {
	uint32_t len, nft_type;
	uint32_t byteorder; /* nft's: 1 = the host's, 2 = big-endian; without it texts are listed backwards */
	const char *text;
};
const struct set_key_type *set_key_type(enum set_key key);

/* Is `name` a set? */
bool expr_names_set(const struct rule_expr *e);

const struct ruleset_chain *ruleset_chain(const struct ruleset *r, const char *name);
struct ruleset_set *ruleset_set(const struct ruleset *r, const char *name);

/* By `from`, once. */
void ruleset_sort(struct ruleset_set *s);
/* key + step (1 or -1) over the first len bytes, as one big-endian number. */
void ruleset_step_key(const uint8_t from[SET_KEY_MAX], size_t len, int step, uint8_t ret_key[SET_KEY_MAX]);

#endif
