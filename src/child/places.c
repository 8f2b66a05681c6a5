/* The files that portflow-net may read: see places.h.
 * No folder with private keys beside certificates is among them: the service user may be of a group that reads those.
 * child/confine.c and child/walls.c call. */
#include "child/places.h"

#include <elf.h>
#include <link.h>

static const char *const places[] = {
	/* programs and modules */
	"/usr/lib",
	"/usr/lib32",
	"/usr/lib64",
	"/usr/local/lib",
	"/usr/local/lib64",
	"/lib",
	"/lib64",
	"/nix/store",
	"/gnu/store",
	"/etc/ld.so.cache",
	"/etc/ld.so.preload",
	/* names */
	"/etc/resolv.conf",
	"/etc/hosts",
	"/etc/nsswitch.conf",
	"/etc/host.conf",
	"/etc/gai.conf",
	"/etc/services",
	"/etc/protocols",
	"/etc/hostname",
	"/etc/localtime",
	"/run/systemd/resolve",
	"/run/resolvconf",
	"/run/nscd",
	"/run/avahi-daemon",
	/* whom to trust */
	"/etc/ssl/certs",
	"/etc/ssl/cert.pem",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/openssl.cnf",
	"/etc/pki/tls/certs",
	"/etc/pki/tls/cert.pem",
	"/etc/pki/tls/openssl.cnf",
	"/etc/pki/ca-trust",
	"/etc/ca-certificates",
	"/etc/crypto-policies",
	"/etc/static/ssl/certs",
	"/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates",
	"/usr/share/pki",
	"/usr/share/crypto-policies",
	"/var/lib/ca-certificates",
	"/proc/sys/crypto/fips_enabled",
	/* devices */
	"/dev/null",
	"/dev/random",
	"/dev/urandom",
#ifdef __SANITIZE_ADDRESS__
	"/proc/self",
#endif
};
#define PLACES (sizeof places / sizeof *places)

const char *places_at(const struct confine *what, size_t i)
{
	if (i < PLACES)
		return places[i];
	return i - PLACES < what->n_files ? what->files[i - PLACES] : NULL;
}

/* The first object is the program itself. */
static int find_loader(struct dl_phdr_info *info, size_t size, void *ret)
{
	const char **loader = ret;

	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			*loader = (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	return 1;
}

const char *places_loader(void)
{
	const char *loader = NULL;

	dl_iterate_phdr(find_loader, &loader);
	return loader;
}
