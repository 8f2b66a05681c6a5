/* A question to the kernel that only trying can answer, and what came of it. nft/ and tc/ each have a table of them; `doctor`
 * tries them in a network namespace of their own and words the answers.
 * nft/, tc/, run/ include. */
#ifndef MODEL_PROBE_H
#define MODEL_PROBE_H

/* What a missing feature costs. */
enum probe_need {
	PROBE_COUNT,    /* nothing works without it */
	PROBE_ENFORCE,  /* quotas, limits, blocks */
	PROBE_SHAPE,    /* limits by queueing; policing needs none of it */
	PROBE_FORWARD,  /* counting what a flowtable carries past the hooks */
	PROBE_FALLBACK, /* another way is taken where it is missing: `without` says which */
};

struct probe {
	const char *id;   /* "fib": a word, stable, for JSON */
	const char *what; /* "address type look-up (fib)" */
	enum probe_need need;
	const char *module;  /* that holds it; NULL: part of nf_tables or the kernel proper */
	const char *option;  /* of the kernel's build, without CONFIG_ */
	const char *without; /* what is so without it; NULL: what `need` says */
};

struct probe_answer {
	int errnum; /* 0: works. ENOPKG: not tried, since trying loads a module that makes devices in the host's namespace */
	char text[160]; /* what the kernel said */
};

#endif
