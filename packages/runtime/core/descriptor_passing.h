/* SCM_RIGHTS: sending an open descriptor over a unix socket. */
#ifndef TIFFIN_DESCRIPTOR_PASSING_H
#define TIFFIN_DESCRIPTOR_PASSING_H

#include <stddef.h>

/* Returns 0, or -1 with errno. There must be some data beside a descriptor (unix(7)). */
int send_descriptor(int socket, int descriptor, const void *data, size_t length);
#endif
