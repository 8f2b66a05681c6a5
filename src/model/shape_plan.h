/* From what the kernel's queues are to what is wanted: steps in order, each with its undo. Nothing to do: no steps.
 * The elements of nftables that name classes are changed by one batch in between:
 *
 *     (elements_away: a batch without any of them) -> steps[0, before) -> the batch -> steps[before, n)
 *
 * so that at no moment an element names a class that is not there. Rates and queues are changed in place. What cannot be (a class
 * below another parent, another default) makes the root anew.
 * Pure. run/ calls, tc/shape.c executes. */
#ifndef MODEL_SHAPE_PLAN_H
#define MODEL_SHAPE_PLAN_H

#include "model/shape.h"

enum shape_step_kind {
	SHAPE_ROOT_ADD, /* `replace`: in the place of somebody's */
	SHAPE_CLASS_ADD,
	SHAPE_CLASS_SET,
	SHAPE_LEAF_SET,
	SHAPE_FILTER_DEL, /* before the classes that it names: the kernel keeps them as long as it is there */
	SHAPE_DRAIN,      /* waits, not for long, until the queues of `minors` are empty */
	SHAPE_CLASS_DEL,
	SHAPE_ROOT_DEL,
};

struct shape_step {
	enum shape_step_kind kind;
	bool replace;
	const struct shape_device
		*device; /* ROOT_ADD: as it is to be; ROOT_DEL: as it was; else for name, index, major */
	const struct shape_class *from, *to; /* classes and leaves; NULL where there is none before or after */
	const struct shape_filter *filter;   /* FILTER_DEL */
	const uint32_t *minors;              /* DRAIN */
	size_t n_minors;
};

struct shape_plan {
	VEC_OF(struct shape_step) steps;
	size_t before;
	bool elements_away;
	VEC_OF(const struct shape_device *)
	refused; /* observed: somebody's root where ours is wanted; nothing is done there */
};

/* Devices of both lists are matched by index; what is ours on a device that is not in `want` goes. Both must outlive the plan. */
void shape_plan(struct arena *a, const struct shape_device_list *want, const struct shape_device_list *have,
	struct shape_plan *ret_plan);

/* Writes the steps that undo one, 0 to 2. A root that was taken over is not restored: the kernel's default comes in its place. */
size_t shape_undo(const struct shape_step *s, struct shape_step ret_steps[2]);

/* "eth0: class 7066:3 at 20.0 Mbit/s added": for plans and errors. */
const char *shape_step_text(struct arena *a, const struct shape_step *s);

/* "7066:" of the root, "7066:3" of a class. */
const char *shape_place(struct arena *a, uint32_t major, uint32_t minor);

bool shape_class_equal(const struct shape_class *x, const struct shape_class *y); /* without the leaf */
bool shape_leaf_equal(const struct shape_leaf *x, const struct shape_leaf *y);

#endif
