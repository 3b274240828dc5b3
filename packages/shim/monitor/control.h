/* The control socket and its clients; requests.c is what they may ask for. */
#ifndef TIFFIN_MONITOR_CONTROL_H
#define TIFFIN_MONITOR_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct connection;

/* Binds SOCKET in the working directory and takes the client that we were started with; 0 or -1 with errno. */
int control_open(int first_client);
bool has_clients(void); /* takes one that has connected meanwhile */

/* client NULL: he is gone, and nobody is told. */
void answer_done(struct connection *client, uint32_t serial, int64_t pid);
void answer_failed(struct connection *client, uint32_t serial, enum wire_error_number error, int number, const char *text, const void *output, size_t length);
void answer(struct connection *client, uint32_t serial, enum wire_message number, const void *fields);
void tell_all(enum wire_message event, const void *fields);

/* Instead of a hello: whoever is connected there is no client. 0 or -1 with errno. */
int refuse_connection(int descriptor, enum wire_error_number error, int number, const char *text);

/* What kind of error an errno is. */
enum wire_error_number error_of(int error);

/* list.c */
void answer_list(struct connection *client, uint32_t serial, int64_t after);

/* main.c: the monitor ends when the request is answered. */
extern bool quitting;

/* requests.c: `given` are the descriptors that came with it; what it keeps it replaces by -1. */
void handle_request(struct connection *client, const struct wire_header *header, const unsigned char *body, size_t length, int *given, size_t count);

#endif
