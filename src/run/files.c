/* The INI files: see files.h.
 * A file is opened once and asked what it is through its descriptor, so that nobody can swap it between question and reading;
 * O_NONBLOCK, since a FIFO of that name must not stop the run.
 * run/ and cmd/ call. */
#include "run/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/target.h"

#define FILE_MAX ((size_t)16 << 20)
#define FOLDER "portflow.d"
#define MAIN_NAME "portflow.ini"
#define SETTLE_S 2 /* a file younger than this may be half written */

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define cleanup_fd __attribute__((cleanup(close_fd)))

static void close_folder(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}
#define cleanup_folder __attribute__((cleanup(close_folder)))

/* Reads until the end; one byte more than allowed tells that it is too large. */
static int read_all(int fd, const char *name, struct arena *a, struct config_source *ret, struct err *err)
{
	size_t cap = (size_t)16 << 10, len = 0;
	char *bytes = arena_alloc(a, cap);

	for (;;) {
		ssize_t n;

		if (len == cap) {
			char *more = arena_alloc(a, 2 * cap);

			memcpy(more, bytes, len);
			bytes = more;
			cap *= 2;
		}
		n = read(fd, bytes + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, ERR_FAIL, errno, "%s", name);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > FILE_MAX)
			return err_set(err, ERR_CONFIG, "%s: more than %zu MiB: this is no configuration", name,
				FILE_MAX >> 20);
	}
	*ret = (struct config_source){ .name = name, .bytes = bytes, .len = len };
	return 0;
}

static const char *kind_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a folder";
	return S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

static int not_opened(const char *name, int errnum, struct err *err)
{
	if (errnum == ENOENT)
		return err_set(err, ERR_CONFIG,
			"%s: no such file. Write one (portflow.ini(5) explains it), or name another with -c", name);
	if (errnum == EACCES || errnum == EPERM)
		return err_set(
			err, ERR_PERM, "%s: it may be read by root and the group portflow only: run as root", name);
	return err_sys(err, ERR_CONFIG, errnum, "%s", name);
}

static void add_source(struct arena *a, struct config_sources *to, const struct config_source *source)
{
	struct config_source *added = vec_push(a, &to->files);

	*added = *source;
}

static int load_file(const char *name, struct arena *a, struct config_sources *ret, struct err *err)
{
	cleanup_fd int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct config_source source;
	struct stat st;

	if (fd < 0)
		return not_opened(name, errno, err);
	if (fstat(fd, &st))
		return err_sys(err, ERR_FAIL, errno, "%s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s: %s, where a file is wanted", name, kind_of(st.st_mode));
	if (st.st_mode & S_IWOTH)
		return err_set(
			err, ERR_CONFIG, "%s: everybody may write it, so it is not trusted: chmod o-w %s", name, name);
	if (read_all(fd, name, a, &source, err))
		return -1;
	if (!ret->files.n || st.st_mtim.tv_sec > ret->mtime)
		ret->mtime = st.st_mtim.tv_sec;
	add_source(a, ret, &source);
	return 0;
}

static bool is_ini(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 4 && strcmp(name + len - 4, ".ini") == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_name(struct arena *a, struct name_list *to, const char *name)
{
	const char **added = vec_push(a, to);

	*added = name;
}

static int load_folder(const char *folder, struct arena *a, struct config_sources *ret, struct err *err)
{
	cleanup_folder DIR *dir = opendir(folder);
	struct name_list names = { 0 };
	const struct dirent *item;
	struct stat st;

	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : not_opened(folder, errno, err);
	if (fstat(dirfd(dir), &st))
		return err_sys(err, ERR_FAIL, errno, "%s", folder);
	if (st.st_mode & S_IWOTH)
		return err_set(err, ERR_CONFIG, "%s: everybody may write into it, so it is not trusted: chmod o-w %s",
			folder, folder);
	for (errno = 0; (item = readdir(dir)); errno = 0)
		if (is_ini(item->d_name))
			add_name(a, &names, arena_printf(a, "%s/%s", folder, item->d_name));
	if (errno)
		return err_sys(err, ERR_FAIL, errno, "%s", folder);
	if (names.n)
		qsort(names.at, names.n, sizeof *names.at, by_name);
	for (size_t i = 0; i < names.n; i++)
		if (load_file(names.at[i], a, ret, err))
			return -1;
	return 0;
}

int files_load(const struct app *app, struct arena *a, struct config_sources *ret, struct err *err)
{
	const char *path = app->config_path, *slash = strrchr(path, '/');
	size_t folder = slash ? (size_t)(slash + 1 - path) : 0;
	struct config_sources sources = { .mtime = app->now };
	struct config_source standard_input;

	if (strcmp(path, "-") == 0) {
		if (read_all(STDIN_FILENO, "<stdin>", a, &standard_input, err))
			return -1;
		add_source(a, &sources, &standard_input);
		*ret = sources;
		return 0;
	}
	if (load_file(path, a, &sources, err))
		return -1;
	if ((!app->config_given || strcmp(path + folder, MAIN_NAME) == 0) &&
		load_folder(arena_printf(a, "%.*s" FOLDER, (int)folder, path), a, &sources, err))
		return -1;
	*ret = sources;
	return 0;
}

const char *files_database(const struct app *app, struct arena *a)
{
	struct config_sources sources = { .mtime = app->now };
	struct err unheard;

	if (files_load(app, a, &sources, &unheard))
		sources = (struct config_sources){ .mtime = app->now };
	return config_database(a, &sources);
}

static bool has_hidden(const struct config *c)
{
	const struct secret *s;
	const char *key;

	for (size_t t = 0; t < c->targets.n; t++)
		for (size_t i = 0; (s = target_secret(&c->targets.at[t], i, &key)); i++)
			if (s->from == SECRET_HIDDEN)
				return true;
	return false;
}

void files_find_secrets(struct app *app, struct config *io)
{
	struct arena *a = &app->arena;
	struct config_sources sources = { .mtime = app->now };
	struct err unheard;

	if (has_hidden(io) && files_load(app, a, &sources, &unheard) == 0 && !files_young(app, sources.mtime))
		config_find_secrets(a, &sources, io);
}

int run_diagnostics(const struct app *app, const struct diags *d, struct err *err)
{
	cleanup_str struct str text = STR_CEILING((size_t)4 << 20);

	diags_render(d, app_color(app, stderr), &text);
	if (text.len)
		app_diagnostics(app, text.p);
	if (!d->errors)
		return 0;
	return err_set(err, ERR_CONFIG, "%zu %s. Nothing was changed. Keys are explained in portflow.ini(5).",
		d->errors, d->errors == 1 ? "error" : "errors");
}

bool files_young(const struct app *app, int64_t mtime)
{
	return app->now >= mtime && app->now - mtime < SETTLE_S;
}

static int load(struct app *app, bool of_timer, struct config **ret, struct files_state *ret_files, struct err *err)
{
	struct diags d = { .arena = &app->arena };
	struct config_sources sources;
	struct config *config;

	if (files_load(app, &app->arena, &sources, err))
		return -1;
	config = config_parse(&app->arena, &sources, &d);
	if (of_timer && d.errors && files_young(app, sources.mtime))
		return err_set(err, ERR_BUSY, "%s was written just now", app->config_path);
	diags_drop_of_service(&d);
	if (run_diagnostics(app, &d, err))
		return -1;
	*ret = config;
	if (ret_files)
		*ret_files = (struct files_state){ sources.mtime, config_sources_hash(&sources) };
	return 0;
}

int run_config(struct app *app, struct config **ret, struct files_state *ret_files, struct err *err)
{
	return load(app, false, ret, ret_files, err);
}

int run_config_of_timer(struct app *app, struct config **ret, struct files_state *ret_files, struct err *err)
{
	return load(app, true, ret, ret_files, err);
}
