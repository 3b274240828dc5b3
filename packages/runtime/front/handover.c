/*
 * Becomes the interpreter: goes on from a snapshot of one, or else executes
 *
 *     /PATH/python3.N -I -S -X ... (-c LOADER BUNDLE | -c BOOTSTRAP) PATHS SNAPSHOT FRONT PROGRAM arguments...
 *
 * SNAPSHOT is where one is missed, FRONT this program. TIFFIN_SNAPSHOT=no does without, and =only insists on one.
 *
 * The package is looked for beside this program: PREFIX/bin/tiffin-runtime belongs to
 * PREFIX/lib/python3.N/site-packages (or Debian's dist-packages) and PREFIX/bin/python3.N. An editable install has
 * the source folders compiled in (SOURCE_PATHS). The last resort is the console script beside us.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"

#define NEWEST_MINOR 20
#define OLDEST_MINOR 11
#define FIXED_ARGUMENTS 14

/* without the columns of tracebacks a code bundle is a third smaller */
static const char *const flags[] = { "-I", "-S", "-X", "utf8", "-X", "no_debug_ranges" };

/* Names the namespace package by hand: the import system would list every folder of sys.path for it. */
static const char bootstrap[] =
	"import sys\n"
	"paths=sys.argv[1].split(':')\n"
	"sys.path[:0]=paths\n"
	"package=type(sys)('tiffin')\n"
	"package.__path__=[path+'/tiffin' for path in paths]\n"
	"sys.modules['tiffin']=package\n"
	"from tiffin.runtime.command.main import main_of_front\n"
	"main_of_front(sys.argv[4:], sys.argv[1:4])\n";

/* Executes a code bundle. Not given to the interpreter as its program: that reads it in pieces of 4 kB, and collects garbage
 * meanwhile, which is half a millisecond. */
static const char loader[] =
	"import gc\n"
	"gc.disable()\n"
	"import marshal, posix, sys\n"
	"file = posix.open(sys.argv.pop(1), posix.O_RDONLY | posix.O_CLOEXEC)\n"
	"exec(marshal.loads(posix.pread(file, posix.fstat(file).st_size, 16)))\n" /* and is freed, since no name holds it */
	"posix.close(file)\n"
	"main_of_front(sys.argv[4:], sys.argv[1:4])\n";

struct command {
	int argc;
	char **argv;
	char front[PATH_SIZE];
	char snapshot[PATH_SIZE]; /* "" if none is wanted */
};

static bool fits(int length)
{
	return length > 0 && length < PATH_SIZE;
}

/* A verb's code bundle (command/bundle.py) lies in the first of the paths, and is of one version of the interpreter. */
static bool find_bundle(const char *interpreter, const char *paths, const char *verb, char bundle[PATH_SIZE])
{
	const char *version = strstr(interpreter, "python3.");
	int first = (int)strcspn(paths, ":");

	if (!version || !verb)
		return false;
	return fits(snprintf(bundle, PATH_SIZE, "%.*s/tiffin/runtime/__pycache__/tiffin-runtime-%s.cpython-3%d.pyc", first,
			     paths, verb, atoi(version + strlen("python3.")))) &&
	       access(bundle, R_OK) == 0;
}

static void become(const char *interpreter, const char *paths, const struct command *command)
{
	static char resolved[PATH_MAX];
	char bundle[PATH_SIZE];
	const char *program = realpath(interpreter, resolved) ? resolved : interpreter;
	const char **words = calloc((size_t)command->argc + FIXED_ARGUMENTS + 1, sizeof(*words));
	size_t count = 0;

	if (!words)
		return;
	words[count++] = program; /* whole: a bare name it would look up in PATH, and take another one's library */
	for (size_t index = 0; index < sizeof(flags) / sizeof(flags[0]); index++)
		words[count++] = flags[index];
	if (find_bundle(strrchr(program, '/'), paths, find_verb_name(command->argc, command->argv), bundle)) {
		words[count++] = "-c";
		words[count++] = loader;
		words[count++] = bundle;
	} else {
		words[count++] = "-c";
		words[count++] = bootstrap;
	}
	words[count++] = paths;
	words[count++] = command->snapshot;
	words[count++] = command->front;
	memcpy(words + count, command->argv, (size_t)command->argc * sizeof(*words));
	/* of a virtual environment the real interpreter: it need not look for pyvenv.cfg */
	execv(program, (char *const *)words);
	free(words);
}

static void try_interpreters(const char *prefix, int minor, const char *paths, const struct command *command)
{
	const char *const places[] = { prefix, "/usr", "/usr/local" };
	char interpreter[PATH_SIZE];

	for (size_t index = 0; index < sizeof(places) / sizeof(places[0]); index++) {
		if (!fits(snprintf(interpreter, PATH_SIZE, "%s/bin/python3.%d", places[index], minor)))
			continue;
		if (access(interpreter, X_OK) == 0)
			become(interpreter, paths, command);
	}
}

/* The one folder must hold this package and the one that it needs; they may have been installed in different ways. */
static bool holds_all(const char *folder)
{
	static const char *const needed[] = { "tiffin/runtime/command/main.py", "tiffin/spec/json_tree.py" };
	char probe[PATH_SIZE];

	for (size_t index = 0; index < sizeof(needed) / sizeof(needed[0]); index++) {
		if (!fits(snprintf(probe, PATH_SIZE, "%s/%s", folder, needed[index])) || access(probe, R_OK) != 0)
			return false;
	}
	return true;
}

static void try_installed(const char *prefix, const struct command *command)
{
	static const char *const kinds[] = { "site", "dist" };
	char paths[PATH_SIZE];

	for (int minor = NEWEST_MINOR; minor >= OLDEST_MINOR; minor--) {
		for (size_t index = 0; index < sizeof(kinds) / sizeof(kinds[0]); index++) {
			if (!fits(snprintf(paths, PATH_SIZE, "%s/lib/python3.%d/%s-packages", prefix, minor, kinds[index])))
				continue;
			if (holds_all(paths))
				try_interpreters(prefix, minor, paths, command);
		}
	}
}

/* The environment's own folder goes last: there lies what the sources need of others. */
static void try_sources(const char *prefix, const struct command *command)
{
#ifdef SOURCE_PATHS
	char paths[PATH_SIZE];
	char interpreter[PATH_SIZE];

	for (int minor = NEWEST_MINOR; minor >= OLDEST_MINOR; minor--) {
		if (!fits(snprintf(interpreter, PATH_SIZE, "%s/bin/python3.%d", prefix, minor)) ||
		    access(interpreter, X_OK) != 0)
			continue;
		if (fits(snprintf(paths, PATH_SIZE, "%s:%s/lib/python3.%d/site-packages", SOURCE_PATHS, prefix, minor)))
			become(interpreter, paths, command);
	}
#else
	(void)prefix;
	(void)command;
#endif
}

/* PREFIX/bin/tiffin-runtime-python knows its interpreter by its first line. */
static void try_script(const char *folder, const struct command *command)
{
	char script[PATH_SIZE];

	if (fits(snprintf(script, PATH_SIZE, "%s/tiffin-runtime-python", folder)))
		execv(script, command->argv);
}

static void try_all(const struct command *command)
{
	char folder[PATH_SIZE];
	char *slash;

	memcpy(folder, command->front, PATH_SIZE);
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return;
	*slash = '\0'; /* PREFIX/bin */
	slash = strrchr(folder, '/');
	if (slash) {
		*slash = '\0'; /* PREFIX */
		try_installed(folder, command);
		try_sources(folder, command);
		*slash = '/';
	}
	try_script(folder, command);
}

const char *hand_over(int argc, char **argv)
{
	static struct command command;
	const char *wish = getenv("TIFFIN_SNAPSHOT");
	ssize_t length = readlink("/proc/self/exe", command.front, sizeof(command.front) - 1);

	if (length <= 0)
		return "/proc/self/exe cannot be read: is /proc mounted?";
	command.argc = argc;
	command.argv = argv;
	if (!(wish && strcmp(wish, "no") == 0) && snapshot_path(command.front, command.snapshot))
		resume(command.snapshot, argc, argv);
	if (wish && strcmp(wish, "only") == 0)
		return why_not_resumed();
	try_all(&command);
	return "no Python found that has the package tiffin.runtime: install tiffin-runtime again";
}
