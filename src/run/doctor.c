/* The order of the checks, and what stands in the middle of them all: the configuration.
 * Parts learn from the parts before: without a configuration there are defaults, without devices no flowtable can be judged.
 * cmd/doctor.c calls. */
#include "run/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAMES_MAX 5 /* of a line */

void doctor_say(struct doctor *d, enum finding_level level, const char *check, const char *cure, const char *fmt, ...)
{
	char text[1024];
	struct finding *f = vec_push(d->arena, &d->findings.list);
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof text, fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	/* a check is a line, whatever it quotes */
	for (char *p = text; (p = strchr(p, '\n'));)
		*p = ' ';
	*f = (struct finding){ level, check, arena_strdup(d->arena, text), cure };
}

void doctor_name(struct doctor *d, struct doctor_names *io, const char *name)
{
	if (io->n++ < NAMES_MAX)
		io->text = io->n > 1 ? arena_printf(d->arena, "%s, %s", io->text, name) : name;
}

const char *doctor_named(struct doctor *d, const struct doctor_names *names)
{
	if (!names->n)
		return "";
	return names->n > NAMES_MAX ? arena_printf(d->arena, "%s and %zu more", names->text, names->n - NAMES_MAX)
				    : names->text;
}

void doctor_run(struct doctor *d)
{
	d->remembered = "";
	doctor_program(d);
	doctor_kernel(d);
	doctor_config(d);
	doctor_database(d);
	doctor_open_ports(d);
	doctor_ssh(d);
	doctor_access(d);
	doctor_devices(d);
	doctor_limits(d);
	doctor_differs(d);
	doctor_neighbours(d);
	doctor_units(d);
	doctor_notify(d);
}
