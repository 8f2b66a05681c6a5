/* A mail for libcurl: envelope, login, STARTTLS, and the parts of the message, which libcurl puts together and encodes.
 * Headers come ready from the request; the name we say in EHLO is this machine's.
 * net/transfer.c calls. */
#include "net/transfer.h"

#include <string.h>
#include <unistd.h>

#include "util/mail_address.h"

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"

/* libcurl takes the name for EHLO from the path of the url; a host name may be set to anything. */
static const char *url_with_name(const struct transfer *t, struct arena *a)
{
	char name[256] = "";

	if (gethostname(name, sizeof name - 1) || !*name || strspn(name, NAME_CHARACTERS) != strlen(name))
		return arena_printf(a, "%s://%s:%u/localhost", t->tls_first ? "smtps" : "smtp", t->host, t->port);
	return arena_printf(a, "%s://%s:%u/%s", t->tls_first ? "smtps" : "smtp", t->host, t->port, name);
}

/* Lines of a mail end in CRLF; the encoder keeps those and encodes any other. */
static const char *with_crlf(struct arena *a, const char *text, size_t *ret_len)
{
	size_t len = strlen(text), n = 0;
	char *out = arena_alloc(a, 2 * len + 3);

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\r')
			continue;
		if (text[i] == '\n')
			out[n++] = '\r';
		out[n++] = text[i];
	}
	if (n && out[n - 1] != '\n') {
		out[n++] = '\r';
		out[n++] = '\n';
	}
	*ret_len = n;
	return out;
}

static CURLcode add_part(
	curl_mime *to, const char *bytes, size_t len, const char *type, const char *encoder, const char *file)
{
	curl_mimepart *part = curl_mime_addpart(to);
	CURLcode code = part ? curl_mime_data(part, bytes, len) : CURLE_OUT_OF_MEMORY;

	code = code ? code : curl_mime_type(part, type);
	code = code ? code : curl_mime_encoder(part, encoder);
	return code || !file ? code : curl_mime_filename(part, file);
}

static CURLcode add_text(struct arena *a, curl_mime *to, const char *text, const char *type)
{
	size_t len;
	const char *lines = with_crlf(a, text, &len);

	return add_part(to, lines, len, type, "quoted-printable", NULL);
}

/* Text and HTML are two forms of one thing: a reader shows the last it can. */
static CURLcode add_forms(struct transfer *t, struct arena *a, curl_mime *to)
{
	CURLcode code = add_text(a, to, t->request.mail.text, "text/plain; charset=utf-8");

	return code ? code : add_text(a, to, t->request.mail.html, "text/html; charset=utf-8");
}

static CURLcode add_alternatives(struct transfer *t, struct arena *a)
{
	curl_mime *forms = curl_mime_init(t->easy);
	curl_mimepart *part = curl_mime_addpart(t->mime);
	CURLcode code = forms && part ? add_forms(t, a, forms) : CURLE_OUT_OF_MEMORY;

	code = code ? code : curl_mime_subparts(part, forms);
	return code ? code : curl_mime_type(part, "multipart/alternative");
}

/* The mail itself is the alternatives: of one whose parts are mixed some programs say that something is attached. */
static CURLcode add_alternatives_alone(struct transfer *t, struct arena *a)
{
	struct curl_slist *more = curl_slist_append(t->headers, "Content-Type: multipart/alternative");

	if (!more)
		return CURLE_OUT_OF_MEMORY;
	t->headers = more;
	return add_forms(t, a, t->mime);
}

static CURLcode add_message(struct transfer *t, struct arena *a)
{
	const struct request_mail *m = &t->request.mail;
	CURLcode code;

	t->mime = curl_mime_init(t->easy);
	if (!t->mime)
		return CURLE_OUT_OF_MEMORY;
	code = !m->html              ? add_text(a, t->mime, m->text, "text/plain; charset=utf-8")
		: m->attachment_name ? add_alternatives(t, a)
				     : add_alternatives_alone(t, a);
	if (code || !m->attachment_name)
		return code;
	return add_part(t->mime, m->attachment.p ? m->attachment.p : "", m->attachment.len, m->attachment_type,
		"base64", m->attachment_name);
}

static int check(const struct request_mail *m, struct err *err)
{
	if (!m->from || !mail_address_valid(m->from))
		return err_set(err, ERR_CONFIG, "the sender is no address");
	if (!m->to || !mail_address_valid(m->to))
		return err_set(err, ERR_CONFIG, "the recipient is no address");
	if (!m->text)
		return err_set(err, ERR_CONFIG, "the mail has no text");
	if (!m->user != !m->password)
		return err_set(err, ERR_CONFIG, "a login is user and password");
	if (m->attachment_name &&
		(!*m->attachment_name || strspn(m->attachment_name, NAME_CHARACTERS) != strlen(m->attachment_name) ||
			!m->attachment_type || strpbrk(m->attachment_type, "\r\n")))
		return err_set(err, ERR_CONFIG, "the attachment has no usable name or type");
	return 0;
}

static CURLcode set_login(struct transfer *t)
{
	const struct request_mail *m = &t->request.mail;
	CURLcode code = CURLE_OK;

	if (!m->user)
		return code;
	code = curl_easy_setopt(t->easy, CURLOPT_USERNAME, m->user);
	code = code ? code : curl_easy_setopt(t->easy, CURLOPT_PASSWORD, m->password);
	/* TLS protects the password: of GSSAPI or NTLM, which some servers offer and this machine is not set up for, nothing good comes */
	return code ? code : curl_easy_setopt(t->easy, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
}

int mail_prepare(struct transfer *t, struct arena *a, struct err *err)
{
	const struct request *q = &t->request;
	const long ssl = q->mail.tls_off ? CURLUSESSL_NONE : CURLUSESSL_ALL;
	CURLcode code;

	if (check(&q->mail, err))
		return -1;
	for (size_t i = 0; i < q->headers.n; i++)
		if (transfer_header(t, q->headers.at[i], true, err))
			return -1;
	t->recipients = curl_slist_append(NULL, q->mail.to);
	if (!t->recipients)
		arena_oom();
	code = curl_easy_setopt(t->easy, CURLOPT_URL, url_with_name(t, a));
	code = code ? code : curl_easy_setopt(t->easy, CURLOPT_USE_SSL, ssl);
	code = code ? code : set_login(t);
	code = code ? code : curl_easy_setopt(t->easy, CURLOPT_MAIL_FROM, q->mail.from);
	code = code ? code : curl_easy_setopt(t->easy, CURLOPT_MAIL_RCPT, t->recipients);
	code = code ? code : add_message(t, a);
	code = code ? code : curl_easy_setopt(t->easy, CURLOPT_MIMEPOST, t->mime);
	code = code ? code : curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	if (code)
		return err_set(err, ERR_CONFIG, "libcurl cannot send this mail: %s", curl_easy_strerror(code));
	return 0;
}
