/* What is asked of the network or of a program, and what came of it: notify/ makes the one and judges the other, child/ and
 * portflow-net carry them. Both cross a pipe as records (util/record.h), written and read here alone.
 * Texts may be secrets (url, headers, password): nobody prints a request. What is in a response holds none.
 * notify/, run/, child/ and net/ include. */
#ifndef MODEL_REQUEST_H
#define MODEL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/entry.h"
#include "util/str.h"

struct request_bytes {
	const char *p;
	size_t len;
};

/* In words that net/ gives to libcurl. Addresses are bare (a@example.com, no name, no brackets). The headers From:, To:, Subject:,
 * Date: and Message-ID: come from whoever made the request, encoded (view/mail_header.h); the rest of MIME is net/'s. One
 * recipient a message: so each has a result of its own, and nobody sees who else is told. */
struct request_mail {
	const char *from, *to;                         /* of the envelope */
	const char *user, *password;                   /* NULL: no login */
	const char *text;                              /* UTF-8, lines end in LF; never NULL */
	const char *html;                              /* the same; NULL: none */
	const char *attachment_name, *attachment_type; /* NULL: none; "july.csv", "text/csv; charset=utf-8" */
	struct request_bytes attachment;
	bool tls_off; /* smtp:// in clear; else STARTTLS is demanded. smtps:// is TLS from the first byte either way */
};

enum request_kind { REQUEST_HTTP, REQUEST_MAIL, REQUEST_EXEC };

/* Zeroed is a request of nothing; what belongs to another kind is not looked at. */
struct request {
	enum request_kind kind;
	/* HTTP and mail */
	const char *url;     /* http, https; smtp, smtps with host and port alone */
	const char *proxy;   /* http://HOST:PORT or socks5h://HOST:PORT; NULL: none, whatever the environment says */
	const char *ca_file; /* trusted beside the system's; read by the service user. NULL: none */
	struct name_list headers; /* whole lines: "Content-Type: application/json" */
	/* HTTP */
	const char *method;        /* "POST" */
	struct request_bytes body; /* exec: standard input */
	/* mail */
	struct request_mail mail;
	/* exec */
	struct name_list argv; /* argv[0] is an absolute path; no shell */
};

enum response_end {
	RESPONSE_NOT_RUN, /* not tried: no helper, no time left. Try later */
	RESPONSE_IMPOSSIBLE, /* cannot work as it is written, before anything was sent: a url that is none, a file that is missing */
	RESPONSE_NOT_SENT, /* tried; the other side got nothing of the message: no name, no connection, no TLS. Try later */
	RESPONSE_UNSURE,   /* sent in part or whole, no answer: it may have been taken. Trying again may double it */
	RESPONSE_ANSWERED, /* status is the answer */
	RESPONSE_HELD,     /* not tried: a moment ago the server refused the login that it would use. Try later.
			      status is that of the refusal */
};

#define RESPONSE_BODY_MAX ((size_t)64 << 10)

struct response {
	enum response_end end;
	/* RESPONSE_ANSWERED, RESPONSE_HELD: of HTTP, of SMTP (250 the mail is theirs, 4xx later, 5xx never), of exec the exit status; 0 in every
	 * other case */
	uint32_t status;
	uint32_t retry_after_s; /* HTTP's Retry-After; 0: none */
	uint32_t curl_code;     /* a CURLcode, for bug reports; 0: none */
	bool timed_out;         /* the budget was used up */
	bool body_cut;          /* there was more than is kept, or it did not arrive whole */
	const char *
		error; /* one line of English that says what happened, with what the server said; NULL where all is well */
	const char *cure; /* what to write instead, where the failure tells it (port and TLS do not fit); NULL: none */
	struct request_bytes
		body; /* of HTTP's answer, or what exec printed; anything at all, at most RESPONSE_BODY_MAX */
};

/* Would they log in as the same user with the same password at the same mail server? */
bool request_same_login(const struct request *x, const struct request *y);

/* HTTP 2xx, SMTP 2xx, exec 0. A service that answers 200 and an error inside is its notifier's to judge. */
bool response_good(const struct request *q, const struct response *r);

/* Appends one record with this number; false when it does not fit below the ceilings of util/record.h. */
bool request_put(struct str *out, uint32_t id, const struct request *q);
bool response_put(struct str *out, uint32_t id, const struct response *r);

/* Reads one whole record as record_whole() found it; false if it is not one of ours. Copies into a. */
bool request_get(struct arena *a, const char *bytes, size_t len, uint32_t *ret_id, struct request *ret);
bool response_get(struct arena *a, const char *bytes, size_t len, uint32_t *ret_id, struct response *ret);

#endif
