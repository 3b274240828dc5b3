/* Linked to the front with --wrap=flock: runs the command of $AT_FLOCK when the front is about to lock a container, so that what
 * another process may do at that moment is done at that moment. */
#include <stdlib.h>

int __real_flock(int descriptor, int operation);
int __wrap_flock(int descriptor, int operation);

int __wrap_flock(int descriptor, int operation)
{
	const char *command = getenv("AT_FLOCK");

	if (command && system(command) != 0)
		abort();
	return __real_flock(descriptor, operation);
}
