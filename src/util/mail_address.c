/* Addresses of mail: see mail_address.h.
 * Sets of letters, no grammar.
 * config/, view/ and net/ call. */
#include "util/mail_address.h"

#include <string.h>

bool mail_address_valid(const char *address)
{
	static const char usual[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_+=!#$%&'*/?^`{|}~";
	const char *at = strrchr(address, '@');
	size_t len = strlen(address), local;

	if (!at || len > 254)
		return false;
	local = (size_t)(at - address);
	return local >= 1 && local <= 64 && strspn(address, usual) == local && len > local + 1 && at[1] != '.' &&
		strspn(at + 1, usual) == len - local - 1 &&
		strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") == len - local - 1;
}
