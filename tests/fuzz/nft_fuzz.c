/* Any bytes as what the kernel says of tables, objects and flowtables: read without harm, compared without harm.
 * A byte for the type of each message, a byte for its length, then its attributes. Chains, rules and sets go through libnftnl, which
 * believes the kernel: at a wrong length it ends the process.
 * libFuzzer calls. */
#include <linux/netfilter/nf_tables.h>

#include "message.h"
#include "model/diff.h"
#include "nft/read_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t types[] = { NFT_MSG_NEWTABLE, NFT_MSG_NEWOBJ, NFT_MSG_NEWFLOWTABLE };
	cleanup_arena struct arena a = { 0 };
	struct ruleset have = { .present = true, .comment = "" }, want = { .present = true, .comment = "" };
	struct nft_reader r = { &a, &have };
	struct diff d;

	while (size > 2) {
		size_t len = data[1] < size - 2 ? data[1] : size - 2;

		feed(types[data[0] % 3], data + 2, len, nft_read_reply, &r);
		data += 2 + len;
		size -= 2 + len;
	}
	diff_rulesets(&a, &want, &have, NULL, QUOTA_THERE, &d);
	diff_rulesets(&a, &have, &want, NULL, QUOTA_LEFT, &d);
	return 0;
}
