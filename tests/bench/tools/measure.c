/* Runs commands in turn, round after round, and prints what each took: the machine's speed moves by a third within minutes, so only
 * what ran side by side can be compared.
 * tests/bench/ runs it: measure [-n ROUNDS] [-p SHELL_COMMAND] -- COMMAND [-- COMMAND]...
 *   -n  rounds, default 11; one more before them is thrown away   -p  before each command, not timed
 * A line a command: "wall_us=MEDIAN min_us=N max_us=N cpu_us=MEDIAN rss_kb=N ratio=R", R the median over the rounds of its time by the last
 * command's. Output of the commands is thrown away; one that fails ends it all. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 8
#define ROUNDS_MAX 1000

struct command {
	char **argv;
	double us[ROUNDS_MAX], cpu_us[ROUNDS_MAX], ratio[ROUNDS_MAX];
	long rss_kb;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void run(char **argv, double *ret_us, double *ret_cpu_us, long *rss_kb)
{
	struct rusage usage;
	double began = now_us();
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
		perror("measure");
		exit(1);
	}
	*ret_us = now_us() - began;
	*ret_cpu_us = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
	if (usage.ru_maxrss > *rss_kb)
		*rss_kb = usage.ru_maxrss;
	if (status != 0) {
		fprintf(stderr, "measure: %s %s ends with status %d\n", argv[0], argv[1] ? argv[1] : "", status);
		exit(1);
	}
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median(const double *v, int n)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, v, (size_t)n * sizeof *v);
	qsort(sorted, (size_t)n, sizeof *v, by_size);
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static void print(const struct command *c, int rounds)
{
	double min = c->us[0], max = c->us[0];

	for (int i = 1; i < rounds; i++) {
		min = c->us[i] < min ? c->us[i] : min;
		max = c->us[i] > max ? c->us[i] : max;
	}
	printf("wall_us=%.0f min_us=%.0f max_us=%.0f cpu_us=%.0f rss_kb=%ld ratio=%.4f\n", median(c->us, rounds), min,
		max, median(c->cpu_us, rounds), c->rss_kb, median(c->ratio, rounds));
}

/* Cuts argv at its "--"; returns how many commands there are. */
static int split(char **argv, struct command *commands)
{
	int n = 0;

	while (*argv && n < COMMANDS_MAX) {
		commands[n++].argv = argv;
		while (*argv && strcmp(*argv, "--") != 0)
			argv++;
		if (*argv)
			*argv++ = NULL;
	}
	return n;
}

int main(int argc, char **argv)
{
	static struct command commands[COMMANDS_MAX];
	char *prepare[] = { "sh", "-c", NULL, NULL };
	int rounds = 11, n, option;
	double ignored;
	long no_rss = 0;

	while ((option = getopt(argc, argv, "+n:p:")) != -1) {
		if (option == 'n')
			rounds = (int)strtol(optarg, NULL, 10);
		else if (option == 'p')
			prepare[2] = optarg;
		else
			return 64;
	}
	n = split(argv + optind, commands);
	if (n == 0 || rounds < 1 || rounds > ROUNDS_MAX)
		return 64;
	for (int r = -1; r < rounds; r++) {
		int at = r < 0 ? 0 : r;

		for (int i = 0; i < n; i++) {
			if (prepare[2])
				run(prepare, &ignored, &ignored, &no_rss);
			run(commands[i].argv, &commands[i].us[at], &commands[i].cpu_us[at], &commands[i].rss_kb);
		}
		for (int i = 0; i < n; i++)
			commands[i].ratio[at] = commands[i].us[at] / commands[n - 1].us[at];
	}
	for (int i = 0; i < n; i++)
		print(&commands[i], rounds);
	return 0;
}
