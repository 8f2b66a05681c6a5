/* One request on its way: its handle of libcurl, what came back so far, and how it is made ready.
 * What may differ between targets is set by the request; what keeps us safe (TLS, protocols, no redirect, no netrc, nothing of the
 * environment) is set here for all, and no request can say otherwise.
 * net/ alone. */
#ifndef NET_TRANSFER_H
#define NET_TRANSFER_H

#include <curl/curl.h>

#include "model/request.h"
#include "net/trust.h"
#include "util/arena.h"
#include "util/err.h"
#include "util/str.h"

/* Of what servers send: reply is the last reply of SMTP, heads count HTTP's headers. */
#define REPLY_MAX ((size_t)2 << 10)
#define HEADS_MAX ((size_t)64 << 10)

struct transfer {
	struct request request;
	uint32_t id;
	bool finished;
	/* of request.url */
	bool tls_first;  /* https, smtps */
	bool connected;  /* to the server or the proxy, at some time */
	bool reply_ends; /* the last line of a reply was read */
	bool body_cut;
	uint16_t port;
	int fd; /* of the last socket, -1 when closed; there was none yet when `sockets` is 0 */
	unsigned sockets;
	const char *host; /* as written */
	/* what came back */
	size_t head_bytes;
	struct str body, reply;
	char said[CURL_ERROR_SIZE]; /* by libcurl */
	/* libcurl's; they live until the process ends */
	CURL *easy;
	struct curl_slist *headers, *recipients;
	curl_mime *mime;
};

/* Makes t ready for the multi handle; left_ms: its time from now. -1 with a sentence when the request cannot work as it is written. */
int transfer_prepare(struct transfer *t, struct trusts *known, struct arena *a, uint32_t left_ms, struct err *err);

bool socket_connected(int fd);

/* net/mail.c: sender, recipient, login, message. */
int mail_prepare(struct transfer *t, struct arena *a, struct err *err);

/* Adds a line to t->headers; -1 when it could begin another one, or is none. folded: CRLF and a blank may be inside. */
int transfer_header(struct transfer *t, const char *line, bool folded, struct err *err);

#endif
