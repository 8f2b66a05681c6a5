/* A request becomes a handle of libcurl: see transfer.h.
 * Every option that matters is asked whether it was taken: one that an old libcurl does not know would fail open.
 * net/main.c calls. */
#include "net/transfer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/version.h"

/* Options of libcurl: remembers the first that was refused. */
struct setter {
	CURL *easy;
	CURLcode code;
};
#define SET(s, option, value) ((s)->code = (s)->code ? (s)->code : curl_easy_setopt((s)->easy, (option), (value)))

bool socket_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof peer;

	return fd >= 0 && getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *with)
{
	struct transfer *t = with;
	size_t len = size * n, room = RESPONSE_BODY_MAX - t->body.len;

	str_put(&t->body, bytes, len < room ? len : room);
	t->body_cut = len > room;
	return t->body_cut ? 0 : len; /* 0 ends the transfer: nobody reads on for ever */
}

/* SMTP: "250-first" ... "250 last"; a reply begins after the last line of the one before. The answer to our QUIT does not matter:
 * a refusal before it does. */
static void keep_reply(struct transfer *t, const char *line, size_t len)
{
	const bool first = t->reply_ends || !t->reply.len;

	while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	if (len < 3 || (first && memcmp(line, "221", 3) == 0))
		return;
	t->reply_ends = len == 3 || line[3] == ' ';
	if (first) {
		t->reply.len = 0;
		t->reply.full = false;
		str_put(&t->reply, line, 3);
	}
	if (len > 4) {
		str_putc(&t->reply, ' ');
		str_put(&t->reply, line + 4, len - 4);
	}
}

static size_t on_head(char *bytes, size_t size, size_t n, void *with)
{
	struct transfer *t = with;
	size_t len = size * n;

	t->head_bytes += len;
	if (t->head_bytes > HEADS_MAX)
		return 0;
	if (t->request.kind == REQUEST_MAIL)
		keep_reply(t, bytes, len);
	return len;
}

static int on_socket(void *with, curl_socket_t fd, curlsocktype purpose)
{
	struct transfer *t = with;

	(void)purpose;
	t->fd = fd;
	t->sockets++;
	return CURL_SOCKOPT_OK;
}

/* libcurl forgets how far a connection came when it gives it up; the socket knows. */
static int on_close(void *with, curl_socket_t fd)
{
	struct transfer *t = with;

	t->connected = t->connected || socket_connected(fd);
	if (t->fd == fd)
		t->fd = -1;
	return close(fd);
}

int transfer_header(struct transfer *t, const char *line, bool folded, struct err *err)
{
	struct curl_slist *more;
	const char *p = line;

	if (*line == ':' || *line == ' ' || !strchr(line, ':'))
		return err_set(err, ERR_CONFIG, "a header is no header");
	for (; *p; p++) {
		if (folded && p[0] == '\r' && p[1] == '\n' && (p[2] == ' ' || p[2] == '\t'))
			p += 2;
		else if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
			return err_set(err, ERR_CONFIG, "a header holds a control character");
	}
	more = curl_slist_append(t->headers, line);
	if (!more)
		arena_oom();
	t->headers = more;
	return 0;
}

/* Copies a part of u; NULL where there is none. */
static const char *part_of(struct arena *a, CURLU *u, CURLUPart part, unsigned flags)
{
	char *text = NULL;
	const char *copy = NULL;

	if (curl_url_get(u, part, &text, flags) == CURLUE_OK && text)
		copy = arena_strdup(a, text);
	curl_free(text);
	return copy;
}

static int read_url(struct transfer *t, struct arena *a, CURLU *u, struct err *err)
{
	const bool mail = t->request.kind == REQUEST_MAIL;
	const char *scheme, *port;

	if (!t->request.url || curl_url_set(u, CURLUPART_URL, t->request.url, 0))
		return err_set(err, ERR_CONFIG, "the url is none");
	scheme = part_of(a, u, CURLUPART_SCHEME, 0);
	port = part_of(a, u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	t->host = part_of(a, u, CURLUPART_HOST, 0);
	if (!scheme || !port || !t->host)
		return err_set(err, ERR_CONFIG, "the url names no host");
	t->port = (uint16_t)strtoul(port, NULL, 10);
	t->tls_first = scheme[strlen(scheme) - 1] == 's';
	if (strncmp(scheme, mail ? "smtp" : "http", 4) != 0 || strlen(scheme) != (t->tls_first ? 5 : 4))
		return err_set(err, ERR_CONFIG, "the url begins with %s://, where %s is wanted", scheme,
			mail ? "smtp:// or smtps://" : "http:// or https://");
	if (mail &&
		(part_of(a, u, CURLUPART_USER, 0) || part_of(a, u, CURLUPART_PASSWORD, 0) ||
			part_of(a, u, CURLUPART_QUERY, 0) || strcmp(part_of(a, u, CURLUPART_PATH, 0), "/") != 0))
		return err_set(err, ERR_CONFIG, "the url of a mail server is scheme, host and port alone");
	return 0;
}

static int parse_url(struct transfer *t, struct arena *a, struct err *err)
{
	CURLU *u = curl_url();
	int bad;

	if (!u)
		arena_oom();
	bad = read_url(t, a, u, err);
	curl_url_cleanup(u);
	return bad;
}

static void set_protocols(struct setter *s, bool mail)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(s, CURLOPT_PROTOCOLS_STR, mail ? "smtp,smtps" : "http,https");
#else
	SET(s, CURLOPT_PROTOCOLS, (long)(mail ? CURLPROTO_SMTP | CURLPROTO_SMTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* Without a limit of its own, connecting to the first of several addresses, a dead one, takes all the time. It waits for a name
 * server too, and only a libcurl that can leave such a wait in the middle may end it early. The limit of the whole is for SMTP:
 * there libcurl waits for the last reply without returning to us. */
static void set_times(struct setter *s, uint32_t left_ms)
{
#if LIBCURL_VERSION_NUM >= 0x075700
	SET(s, CURLOPT_QUICK_EXIT, 1L);
	SET(s, CURLOPT_CONNECTTIMEOUT_MS, (long)left_ms * 2 / 3 + 1);
#else
	SET(s, CURLOPT_CONNECTTIMEOUT_MS, (long)left_ms + 1);
#endif
	SET(s, CURLOPT_TIMEOUT_MS, (long)left_ms + 1);
}

static void set_safety(struct setter *s)
{
	SET(s, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(s, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(s, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(s, CURLOPT_FOLLOWLOCATION, 0L);
	SET(s, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(s, CURLOPT_NOPROXY, "");
	SET(s, CURLOPT_NOSIGNAL, 1L);
	SET(s, CURLOPT_NOPROGRESS, 1L);
	SET(s, CURLOPT_HTTP09_ALLOWED, 0L);
	/* one transfer a connection at a time, and nothing of HTTP/2 and HPACK to parse */
	SET(s, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(s, CURLOPT_USERAGENT, "portflow/" PORTFLOW_VERSION);
}

static int set_proxy(struct setter *s, const char *proxy, struct err *err)
{
	if (proxy && strncmp(proxy, "http://", 7) != 0 && strncmp(proxy, "socks5h://", 10) != 0)
		return err_set(err, ERR_CONFIG, "proxy begins neither with http:// nor with socks5h://");
	SET(s, CURLOPT_PROXY, proxy ? proxy : ""); /* "" is no proxy, also not that of the environment */
	SET(s, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(s, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* our headers are not the proxy's to read */
	return 0;
}

static void set_handlers(struct setter *s, struct transfer *t)
{
	SET(s, CURLOPT_ERRORBUFFER, t->said);
	SET(s, CURLOPT_WRITEFUNCTION, on_body);
	SET(s, CURLOPT_WRITEDATA, (void *)t);
	SET(s, CURLOPT_HEADERFUNCTION, on_head);
	SET(s, CURLOPT_HEADERDATA, (void *)t);
	SET(s, CURLOPT_SOCKOPTFUNCTION, on_socket);
	SET(s, CURLOPT_SOCKOPTDATA, (void *)t);
	SET(s, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	SET(s, CURLOPT_CLOSESOCKETDATA, (void *)t);
	SET(s, CURLOPT_PRIVATE, (void *)t);
}

static int set_http(struct setter *s, struct transfer *t, struct err *err)
{
	const struct request *q = &t->request;
	const char *method = q->method ? q->method : "POST";

	if (!*method || strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(method))
		return err_set(err, ERR_CONFIG, "the method is none");
	for (size_t i = 0; i < q->headers.n; i++)
		if (transfer_header(t, q->headers.at[i], false, err))
			return -1;
	/* nobody is asked beforehand: that waits a second for servers that do not know it */
	if (transfer_header(t, "Expect:", false, err))
		return -1;
	if (strcmp(method, "GET") == 0) {
		SET(s, CURLOPT_HTTPGET, 1L);
	} else {
		SET(s, CURLOPT_POST, 1L);
		SET(s, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.len);
		SET(s, CURLOPT_POSTFIELDS, q->body.p ? q->body.p : "");
		SET(s, CURLOPT_CUSTOMREQUEST, method);
	}
	SET(s, CURLOPT_URL, q->url);
	SET(s, CURLOPT_HTTPHEADER, t->headers);
	return 0;
}

static int set_trust(struct setter *s, struct transfer *t, struct trusts *known, struct arena *a, struct err *err)
{
	struct request_bytes bundle;
	struct curl_blob blob = { .flags = CURL_BLOB_NOCOPY };

	if (!t->request.ca_file)
		return 0;
	if (trust_bundle(known, a, t->request.ca_file, &bundle, err))
		return -1;
	blob.data = (void *)(uintptr_t)bundle.p;
	blob.len = bundle.len;
	SET(s, CURLOPT_CAINFO_BLOB, &blob);
	return 0;
}

int transfer_prepare(struct transfer *t, struct trusts *known, struct arena *a, uint32_t left_ms, struct err *err)
{
	struct setter s = { .easy = curl_easy_init() };
	const bool mail = t->request.kind == REQUEST_MAIL;

	if (!s.easy)
		arena_oom();
	t->easy = s.easy;
	t->fd = -1;
	t->body = STR_CEILING(RESPONSE_BODY_MAX);
	t->reply = STR_CEILING(REPLY_MAX);
	if (parse_url(t, a, err) || set_proxy(&s, t->request.proxy, err) || set_trust(&s, t, known, a, err))
		return -1;
	set_protocols(&s, mail);
	set_times(&s, left_ms);
	set_safety(&s);
	set_handlers(&s, t);
	if (mail ? mail_prepare(t, a, err) : set_http(&s, t, err))
		return -1;
	if (s.code)
		return err_set(err, ERR_CONFIG, "libcurl %s cannot do this: %s",
			curl_version_info(CURLVERSION_NOW)->version, curl_easy_strerror(s.code));
	return 0;
}
