/* What stands for more bytes than it has is charged again, one packet in so many: objects of the kernel can only add the length of the packet
 * that the hooks see.
 *   Quotas: TCP that the kernel joined has one header there for many on the wire. One in 29 such packets of 64 KiB (MTU 1500, IPv4,
 *   timestamps) makes up for them, so that no run has to know beforehand what kind of traffic uses a quota.
 *   Guards of shaped limits: HTB counts the Ethernet header too, which is nothing of a long packet and a quarter of a short one. One in so many
 *   short packets meets the guard twice; in a flood, where there is never room for that, so many are dropped.
 * Between desired_enforce.c and desired_layers.c alone. */
#ifndef MODEL_DESIRED_AGAIN_H
#define MODEL_DESIRED_AGAIN_H

#include "model/desired_layers.h"

/* Behind the rules of a stage, for the same kinds of entries. suffix: of the names of its chains. */
void again_quotas(struct enforce *x, struct ruleset_chain *c, unsigned int kinds, const char *suffix, enum direction d);
void again_guards(struct enforce *x, struct ruleset_chain *c, unsigned int kinds, const char *suffix, enum direction d);

#endif
