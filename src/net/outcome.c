/* Outcomes in words: see outcome.h.
 * Whether the other side may have taken something is not guessed from the error but asked: did the request begin to leave?
 * net/main.c calls. */
#include "net/outcome.h"

#include <inttypes.h>
#include <string.h>

#include "util/utf8.h"
#include "view/hide.h"

/* Of an answer's body: enough for a sentence. */
#define EXCERPT_MAX 200
#define TEXT_MAX ((size_t)1 << 10)
#define LEAST_MS 500 /* less says nothing about the other side */

/* One line, printable, without secrets. */
static const char *safe_text(const struct transfer *t, struct arena *a, const char *text)
{
	cleanup_str struct str hidden = STR_CEILING(TEXT_MAX), out = STR_CEILING(3 * TEXT_MAX);

	hide_secrets(&hidden, &t->request, text, strlen(text));
	if (hidden.len)
		utf8_put_line(&out, hidden.p, hidden.len);
	while (out.len && out.p[out.len - 1] == ' ')
		out.len--;
	return arena_strndup(a, out.p ? out.p : "", out.len);
}

static int64_t time_of(const struct transfer *t, CURLINFO what)
{
	curl_off_t n = 0;

	return curl_easy_getinfo(t->easy, what, &n) ? 0 : n;
}

static long number_of(const struct transfer *t, CURLINFO what)
{
	long n = 0;

	return curl_easy_getinfo(t->easy, what, &n) ? 0 : n;
}

/* Has anything left that the other side could act on? A request of HTTP: its head. A mail: its text. */
static bool was_sent(const struct transfer *t)
{
	if (t->request.kind == REQUEST_MAIL)
		return time_of(t, CURLINFO_SIZE_UPLOAD_T) > 0;
	return time_of(t, CURLINFO_PRETRANSFER_TIME_T) > 0 && number_of(t, CURLINFO_REQUEST_SIZE) > 0;
}

static const char *server(const struct transfer *t, struct arena *a)
{
	return arena_printf(a, "%s:%u", t->host, t->port);
}

/* -- it answered ------------------------------------------------------------------------------------------------------- */

/* A part of u with what stands before it; "" where there is none. */
static const char *url_part(const struct transfer *t, struct arena *a, CURLU *u, CURLUPart part, const char *before)
{
	char *text = NULL;
	const char *copy = "";

	if (curl_url_get(u, part, &text, 0) == CURLUE_OK && text)
		copy = arena_printf(a, "%s%s", before, safe_text(t, a, text));
	curl_free(text);
	return copy;
}

/* The path only on the same host, where no secret but ours is in it. */
static void redirected(const struct transfer *t, struct arena *a, struct response *r)
{
	char *to = NULL;
	CURLU *u = curl_url();

	if (u && curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to) == CURLE_OK && to &&
		curl_url_set(u, CURLUPART_URL, to, 0) == CURLUE_OK) {
		const char *host = url_part(t, a, u, CURLUPART_HOST, "");

		r->error = arena_printf(a, "%s sends us on to %s://%s%s%s (HTTP %" PRIu32 "), which is not followed",
			server(t, a), url_part(t, a, u, CURLUPART_SCHEME, ""), host,
			url_part(t, a, u, CURLUPART_PORT, ":"),
			strcasecmp(host, t->host) == 0 ? url_part(t, a, u, CURLUPART_PATH, "") : "", r->status);
		r->cure = "write the address that it redirects to into url";
	}
	curl_url_cleanup(u);
}

static struct response http_answer(const struct transfer *t, struct arena *a, CURLcode code, long status)
{
	struct response r = { .end = RESPONSE_ANSWERED, .status = (uint32_t)status, .curl_code = code };
	const int64_t wait = time_of(t, CURLINFO_RETRY_AFTER);
	cleanup_str struct str body = STR_CEILING(RESPONSE_BODY_MAX);

	if (wait > 0)
		r.retry_after_s = wait < UINT32_MAX ? (uint32_t)wait : UINT32_MAX;
	r.body_cut = code || t->body_cut;
	if (t->body.len)
		hide_secrets(&body, &t->request, t->body.p, t->body.len);
	r.body = (struct request_bytes){ arena_strndup(a, body.p ? body.p : "", body.len), body.len };
	if (status >= 200 && status <= 299)
		return r;
	if (status >= 300 && status <= 399)
		redirected(t, a, &r);
	if (!r.error)
		r.error = arena_printf(a, "%s says: HTTP %ld%s%s", server(t, a), status, t->body.len ? " " : "",
			safe_text(
				t, a, arena_strndup(a, r.body.p, r.body.len < EXCERPT_MAX ? r.body.len : EXCERPT_MAX)));
	if (status == 400 && !t->tls_first && t->body.len && memmem(t->body.p, t->body.len, "HTTPS", 5))
		r.cure = "this port wants TLS: write https:// instead of http://";
	return r;
}

static struct response smtp_answer(const struct transfer *t, struct arena *a, CURLcode code, long status)
{
	struct response r = { .end = RESPONSE_ANSWERED, .status = (uint32_t)status, .curl_code = code };

	if (code == CURLE_OK)
		return r;
	r.error = arena_printf(a, "%s %s: %s", server(t, a), code == CURLE_LOGIN_DENIED ? "refuses the login" : "says",
		t->reply.len ? safe_text(t, a, arena_strndup(a, t->reply.p, t->reply.len)) : curl_easy_strerror(code));
	if (status == 535)
		r.cure = "check user and password; some providers want a password made for programs";
	else if (status == 530)
		r.cure = "this server wants a login: user and password";
	return r;
}

/* -- it did not -------------------------------------------------------------------------------------------------------- */

static bool contains(const char *text, const char *what)
{
	return strcasestr(text, what);
}

/* The port speaks TLS otherwise than the url says. */
static const char *other_tls(const struct transfer *t, struct arena *a)
{
	if (t->request.kind == REQUEST_HTTP)
		return t->tls_first ? "this port answers without TLS: is it http://?"
				    : "this port may want TLS: is it https://?";
	if (t->tls_first)
		return arena_printf(a, "port %u begins in clear and changes to TLS by STARTTLS: url = smtp://%s:%u",
			t->port, t->host, t->port);
	return arena_printf(a, "a server that wants TLS from the first byte is silent like this: url = smtps://%s:%u",
		t->host, t->port);
}

static const char *certificate_cure(const char *said)
{
	if (contains(said, "subject name") || contains(said, "does not match"))
		return "url must name the server as its certificate does";
	if (contains(said, "expired") || contains(said, "not yet valid"))
		return "renew the server's certificate, or set this machine's clock";
	return "if the server is yours, name the authority of its certificate: ca_file = FILE";
}

/* error and cure for a failure in which the server said nothing of use. */
static void explain(const struct transfer *t, struct arena *a, CURLcode code, const char *said, struct response *r)
{
	const char *at = server(t, a);

	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		r->error = arena_printf(a, "the name %s could not be resolved", t->host);
		break;
	case CURLE_COULDNT_RESOLVE_PROXY:
		r->error = "the name of the proxy could not be resolved";
		break;
	case CURLE_COULDNT_CONNECT:
		r->error = arena_printf(a, "%s cannot be reached: %s", t->request.proxy ? "the proxy" : at,
			number_of(t, CURLINFO_OS_ERRNO) ? strerror((int)number_of(t, CURLINFO_OS_ERRNO)) : said);
		break;
	case CURLE_SSL_CONNECT_ERROR:
		r->error = arena_printf(a, "TLS with %s fails: %s", at, said);
		if (contains(said, "wrong version number") || contains(said, "unexpected"))
			r->cure = other_tls(t, a);
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		r->error = arena_printf(a, "the certificate of %s is not accepted: %s", at, said);
		r->cure = certificate_cure(said);
		break;
	case CURLE_USE_SSL_FAILED:
		r->error = arena_printf(a, "%s offers no STARTTLS, so nothing was sent in clear", at);
		r->cure = arena_printf(a,
			"another port of it: smtp://%s:587 or smtps://%s:465; tls = off is for a relay next door",
			t->host, t->host);
		break;
	case CURLE_LOGIN_DENIED:
		r->error = arena_printf(a, "%s offers no login that we know (PLAIN or LOGIN)", at);
		break;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		r->error = arena_printf(
			a, "what %s answers is no %s", at, t->request.kind == REQUEST_MAIL ? "SMTP" : "HTTP");
		if (!t->tls_first && t->request.kind == REQUEST_HTTP)
			r->cure = other_tls(t, a);
		break;
	case CURLE_GOT_NOTHING:
		r->error = arena_printf(a, "%s closed the connection without an answer", at);
		if (!t->tls_first && t->port == 443)
			r->cure = other_tls(t, a);
		break;
	case CURLE_WRITE_ERROR: /* transfer.c takes no more */
		r->error = arena_printf(a, "what %s says has no end", at);
		break;
	case CURLE_RECV_ERROR:
		if (t->request.kind == REQUEST_MAIL)
			said = "the connection was closed in the middle";
		r->error = arena_printf(a, "%s: %s", at, said);
		break;
	default:
		r->error = arena_printf(a, "%s: %s", at, said);
	}
}

/* How far it came within the time. */
static void explain_late(const struct transfer *t, struct arena *a, uint32_t after_ms, struct response *r)
{
	const char *at = server(t, a), *waited = arena_printf(a, "within %u s", (after_ms + 500) / 1000);
	const bool began = time_of(t, CURLINFO_PRETRANSFER_TIME_T) > 0;

	r->timed_out = true;
	if (began) {
		r->error = arena_printf(a, "%s gave no answer %s", at, waited);
	} else if (!t->sockets) {
		r->error = arena_printf(a, "%s was not resolved %s",
			t->request.proxy ? "the name of the proxy" : arena_printf(a, "the name %s", t->host), waited);
	} else if (!t->connected && !socket_connected(t->fd)) {
		r->error = arena_printf(
			a, "%s does not answer: no connection %s", t->request.proxy ? "the proxy" : at, waited);
	} else if (t->request.kind == REQUEST_MAIL && !t->tls_first && !t->head_bytes) {
		r->error = arena_printf(a, "%s took the connection and sent no greeting %s", at, waited);
		r->cure = other_tls(t, a);
	} else {
		r->error = arena_printf(a, "%s took the connection and said nothing of use %s", at, waited);
	}
}

static bool answered(const struct transfer *t, struct arena *a, CURLcode code, struct response *ret)
{
	const long status = number_of(t, CURLINFO_RESPONSE_CODE);

	if (t->request.kind == REQUEST_HTTP) {
		if (status < 200)
			return false;
		*ret = http_answer(t, a, code, status);
		return true;
	}
	/* 220 and 250 before a failure belong to an earlier step */
	if (code != CURLE_OK && status < 400)
		return false;
	*ret = smtp_answer(t, a, code, status);
	return true;
}

/* Nothing is said against the other side by what was begun when hardly any time was left: the next run begins it again. */
static bool hardly_begun(const struct response *r, uint32_t ms)
{
	return r->end == RESPONSE_NOT_SENT && ms < LEAST_MS;
}

static struct response no_time(void)
{
	return (struct response){ .end = RESPONSE_NOT_RUN, .timed_out = true, .error = "no time was left for it" };
}

struct response outcome_ended(const struct transfer *t, struct arena *a, CURLcode code)
{
	const char *said = safe_text(t, a, t->said[0] ? t->said : curl_easy_strerror(code));
	const uint32_t took_ms = (uint32_t)(time_of(t, CURLINFO_TOTAL_TIME_T) / 1000);
	struct response r;

	if (answered(t, a, code, &r)) {
		r.timed_out = code == CURLE_OPERATION_TIMEDOUT;
		return r;
	}
	r = (struct response){ .end = was_sent(t) ? RESPONSE_UNSURE : RESPONSE_NOT_SENT, .curl_code = code };
	if (code == CURLE_URL_MALFORMAT || code == CURLE_SSL_CACERT_BADFILE)
		r.end = RESPONSE_IMPOSSIBLE;
	if (code == CURLE_OPERATION_TIMEDOUT && hardly_begun(&r, took_ms))
		return no_time();
	if (code == CURLE_OPERATION_TIMEDOUT)
		explain_late(t, a, took_ms, &r);
	else
		explain(t, a, code, said, &r);
	return r;
}

struct response outcome_late(const struct transfer *t, struct arena *a, uint32_t budget_ms)
{
	struct response r;

	if (!t->easy)
		return no_time();
	if (t->request.kind == REQUEST_HTTP && answered(t, a, CURLE_OPERATION_TIMEDOUT, &r)) {
		r.timed_out = true;
		return r;
	}
	r = (struct response){ .end = was_sent(t) ? RESPONSE_UNSURE : RESPONSE_NOT_SENT,
		.curl_code = CURLE_OPERATION_TIMEDOUT };
	if (hardly_begun(&r, budget_ms))
		return no_time();
	explain_late(t, a, budget_ms, &r);
	return r;
}

bool outcome_refuses_login(const struct transfer *t, const struct response *r)
{
	return t->request.kind == REQUEST_MAIL && t->request.mail.user && r->end == RESPONSE_ANSWERED &&
		r->curl_code == CURLE_LOGIN_DENIED;
}

struct response outcome_held(const struct response *refused)
{
	return (struct response){
		.end = RESPONSE_HELD, .status = refused->status, .error = refused->error, .cure = refused->cure
	};
}

struct response outcome_impossible(const struct transfer *t, struct arena *a, const struct err *err)
{
	return (struct response){ .end = RESPONSE_IMPOSSIBLE, .error = safe_text(t, a, err->text) };
}
