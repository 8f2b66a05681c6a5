/* Any bytes as the elements of a set and as counters, quotas and limits: read without harm; ranges come out in order.
 * The first byte says which kind of set.
 * libFuzzer calls. */
#include <linux/netfilter/nf_tables.h>

#include "message.h"
#include "nft/elems.h"
#include "nft/read_internal.h"

static int on_object(const struct nlmsghdr *nlh, void *arena, struct err *err)
{
	struct ruleset_object object;
	struct counter_value value;

	(void)err;
	nft_object_read(arena, nlh, &object);
	if (strlen(nft_counter_read(nlh, &value)) > nlh->nlmsg_len || !value.present || !object.name)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena a = { 0 };
	struct ruleset_set s = { .name = "s" };
	struct nft_elems x = { .arena = &a, .set = &s };

	if (size == 0)
		return 0;
	s.key = (enum set_key)(data[0] % SET_KEYS);
	s.interval = data[0] & 0x80;
	s.data = (enum set_data)((data[0] >> 3) % SET_DATA);
	s.timed = true;
	feed(NFT_MSG_NEWSETELEM, data + 1, size - 1, nft_elems_reply, &x);
	nft_elems_end(&x);
	for (size_t i = 0; i + 1 < s.elems.n && s.interval; i++)
		if (memcmp(s.elems.at[i].from, s.elems.at[i + 1].from, SET_KEY_MAX) > 0)
			abort();
	feed(NFT_MSG_NEWOBJ, data + 1, size - 1, on_object, &a);
	return 0;
}
