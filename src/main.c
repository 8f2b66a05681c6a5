/* argv to a command's row, run it, one exit code. Errors are printed and turned into exit codes here and nowhere else.
 * setlocale() is never called: messages and figures are in the C locale whatever the user's is.
 * The entry point; nobody calls. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cmd/help.h"
#include "cmd/options.h"
#include "run/app.h"
#include "util/version.h"

static const int exit_codes[] = {
	[ERR_FAIL] = 1,
	[ERR_USAGE] = 64,
	[ERR_BUSY] = 75,
	[ERR_PERM] = 77,
	[ERR_CONFIG] = 78,
	[ERR_STALE] = 75,
};

/* A file that we open must never get number 0, 1 or 2: the database would receive messages. What is missing is opened the wrong
 * way round, so that using it is an error and not silence. */
static void keep_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			_exit(1);
}

/* A process this short gives no memory back: what one part has let go the next one takes. A page that was touched before costs
 * nothing, a new one costs more than what is done with it. */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

static int print_help(struct app *app, const struct invocation *in)
{
	cleanup_str struct str text = STR_CEILING((size_t)1 << 20);

	help_render(&text, in->command, in->ask == ASK_MANUAL);
	fputs(text.p, in->ask == ASK_NOTHING ? stderr : app->out);
	return in->ask == ASK_NOTHING ? exit_codes[ERR_USAGE] : 0;
}

static int run(struct app *app, const struct invocation *in, struct err *err)
{
	switch (in->ask) {
	case ASK_VERSION:
		fputs("portflow " PORTFLOW_VERSION "\n", app->out);
		return 0;
	case ASK_NOTHING:
	case ASK_HELP:
	case ASK_MANUAL:
		return print_help(app, in);
	case ASK_RUN:
		break;
	}
	return in->command->run(app, &in->args, err);
}

/* What was printed must have arrived. A reader that went away (`| head`) is no error to talk about: we end as a program does
 * that SIGPIPE ends, unless whoever started us ignores that signal. */
static int finish_output(const struct app *app, bool sigpipe_ends)
{
	const bool bad = ferror(app->out);

	errno = 0;
	if (fclose(app->out) == 0 && !bad)
		return 0;
	if (errno == EPIPE && sigpipe_ends) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	app_error(app,
		errno == ENOSPC ? "standard output: no space left, the output is not complete"
				: "standard output: it could not be written, the output is not complete");
	return -1;
}

static int report(const struct app *app, const struct err *err)
{
	if (err->text[0])
		app_error(app, err->text);
	return err->kind == ERR_NONE ? 1 : exit_codes[err->kind];
}

int main(int argc, char **argv)
{
	struct app app = { .config_path = "/etc/portflow.ini" };
	struct invocation in;
	struct err err = { .kind = ERR_NONE };
	bool sigpipe_ends;
	int code;

	keep_memory();
	keep_standard_fds();
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }); /* an INI may hold secrets, and a core file would */
	/* A reader that goes away must not end us between two steps. */
	sigpipe_ends = signal(SIGPIPE, SIG_IGN) == SIG_DFL;
	app.out = stdout;
	app.journal = app_stderr_is_journal();
	app_clock(&app);
	code = options_parse(&app, argc, argv, &in, &err);
	if (code == 0)
		code = run(&app, &in, &err);
	if (code < 0)
		code = report(&app, &err);
	if (finish_output(&app, sigpipe_ends) && code == 0)
		code = 1;
	arena_free(&app.arena);
	return code;
}
