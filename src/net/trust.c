/* Authorities joined: see trust.h.
 * The system's bundle is where libcurl was built to look for it; one that keeps them as a folder alone is asked beside the bundle
 * by libcurl itself.
 * net/transfer.c calls. */
#include "net/trust.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX ((size_t)4 << 20)

static int read_file(struct arena *a, const char *path, struct request_bytes *ret, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *bytes = NULL;
	size_t len = 0, cap = 0;
	int errnum;
	ssize_t n;

	if (fd < 0)
		return err_sys(err, ERR_CONFIG, errno, "ca_file %s", path);
	do {
		if (len == cap) {
			char *more = arena_alloc(a, cap = cap ? 2 * cap : (size_t)256 << 10);

			if (len)
				memcpy(more, bytes, len);
			bytes = more;
		}
		n = read(fd, bytes + len, cap - len);
		if (n > 0)
			len += (size_t)n;
	} while ((n > 0 || (n < 0 && errno == EINTR)) && len <= FILE_MAX);
	errnum = n < 0 ? errno : len > FILE_MAX ? EFBIG : 0;
	close(fd);
	if (errnum)
		return err_sys(err, ERR_CONFIG, errnum, "ca_file %s", path);
	*ret = (struct request_bytes){ bytes, len };
	return 0;
}

static struct request_bytes system_bundle(struct arena *a)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	struct request_bytes none = { 0 }, bundle = none;
	struct err missing;

	if (info->age < CURLVERSION_SEVENTH || !info->cainfo || read_file(a, info->cainfo, &bundle, &missing))
		return none;
	return bundle;
}

static int join(struct arena *a, const char *ca_file, struct request_bytes *ret, struct err *err)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	struct request_bytes own, common;
	char *both;

	if (read_file(a, ca_file, &own, err))
		return -1;
	if (!memmem(own.p, own.len, begin, sizeof begin - 1))
		return err_set(err, ERR_CONFIG, "ca_file %s holds no certificate (PEM: %s)", ca_file, begin);
	common = system_bundle(a);
	both = arena_alloc(a, own.len + 1 + common.len);
	memcpy(both, own.p, own.len);
	both[own.len] = '\n';
	if (common.len)
		memcpy(both + own.len + 1, common.p, common.len);
	*ret = (struct request_bytes){ both, own.len + 1 + common.len };
	return 0;
}

int trust_bundle(struct trusts *known, struct arena *a, const char *ca_file, struct request_bytes *ret, struct err *err)
{
	struct trust new = { .ca_file = ca_file };

	for (size_t i = 0; i < known->n; i++)
		if (strcmp(known->at[i].ca_file, ca_file) == 0) {
			*ret = known->at[i].bundle;
			return 0;
		}
	if (join(a, ca_file, &new.bundle, err))
		return -1;
	*vec_push(a, known) = new;
	*ret = new.bundle;
	return 0;
}
