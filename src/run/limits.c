/* How limits are kept on this machine now: see limits.h.
 * Roots of devices are read only where some limit could be shaped.
 * run/ calls. */
#include "run/limits.h"

#include <errno.h>

#include "tc/ifb.h"
#include "tc/shape.h"

static bool any_ours(const struct shape_device_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].root == SHAPE_ROOT_OURS)
			return true;
	return false;
}

static int read_roots(
	struct shaper *s, struct arena *a, const struct links *links, struct limit_facts *f, struct err *err)
{
	struct ifb ifb;
	bool codel;

	if (shape_read(s, a, links, SHAPE_OUT, &f->out, err) < 0 || ifb_read(s, &ifb, err) < 0)
		return -1;
	f->taken_in = ifb_foreign_text(a, &ifb);
	f->htb = true;
	if (any_ours(&f->out) || shape_probe(s, &f->htb, &codel, err) == 0)
		return 0;
	return err->errnum == EPERM ? 0 : -1;
}

int run_limit_facts(struct arena *a, const struct config *c, const struct links *links, const struct watch *watch,
	struct limit_facts *ret_facts, struct err *err)
{
	struct limit_facts f = { .watch = watch };
	struct shaper *s = NULL;
	int rc = 0;

	if (limit_may_shape(c) || limit_may_shape_in(c)) {
		rc = shaper_open(&s, err) < 0 ? -1 : read_roots(s, a, links, &f, err);
		shaper_close(s);
	}
	if (rc == 0)
		*ret_facts = f;
	return rc;
}
