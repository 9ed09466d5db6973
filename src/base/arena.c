/* arena: a chain of blocks and a list of things to do at the end. */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first block holds a usual request whole; larger asks get their own. */
#define BLOCK_BYTES (16 * 1024)

#if defined(__SANITIZE_ADDRESS__) || defined(VT_SANITIZERS)
#define ARENA_SEPARATE 1
#else
#define ARENA_SEPARATE 0
#endif

struct block {
	struct block *next;
	size_t size;
	size_t used;
	alignas(max_align_t) unsigned char data[];
};

struct deferred {
	struct deferred *next;
	void (*fn)(void *);
	void *object;
};

struct arena {
	struct block *blocks; /* newest first */
	struct deferred *deferred;
	size_t used;
};

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

struct arena *
arena_new(void)
{
	return must(calloc(1, sizeof(struct arena)));
}

static struct block *
block_new(struct arena *a, size_t size)
{
	struct block *b;

	assert(size <= SIZE_MAX - sizeof(*b));
	b = must(malloc(sizeof(*b) + size));
	b->size = size;
	b->used = 0;
	b->next = a->blocks;
	a->blocks = b;
	return b;
}

/* As arena_alloc(), with whatever was there. */
static void *
take(struct arena *a, size_t bytes)
{
	const size_t align = alignof(max_align_t);
	struct block *b = a->blocks;
	size_t want;
	void *p;

	assert(bytes <= SIZE_MAX - align);
	want = (bytes + align - 1) / align * align;
	if (ARENA_SEPARATE)
		b = block_new(a, bytes == 0 ? 1 : bytes);
	else if (b == NULL || b->size - b->used < want)
		b = block_new(a, want > BLOCK_BYTES ? want : BLOCK_BYTES);
	p = b->data + b->used;
	b->used += ARENA_SEPARATE ? bytes : want;
	a->used += bytes;
	return p;
}

void *
arena_alloc(struct arena *a, size_t bytes)
{
	return memset(take(a, bytes), 0, bytes);
}

void *
arena_array(struct arena *a, size_t count, size_t element_bytes)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, element_bytes, &bytes))
		abort();
	return arena_alloc(a, bytes);
}

char *
arena_memdup(struct arena *a, const void *data, size_t bytes)
{
	char *p;

	assert(bytes < SIZE_MAX);
	p = arena_alloc(a, bytes + 1);
	if (bytes > 0)
		memcpy(p, data, bytes);
	return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return s == NULL ? NULL : arena_memdup(a, s, strlen(s));
}

/* What fits into the rest of the block is printed once, where it stays. */
char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	struct block *b = a->blocks;
	size_t room = ARENA_SEPARATE || b == NULL ? 0 : b->size - b->used;
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(
	    room == 0 ? NULL : (char *)b->data + b->used, room, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	p = take(a, (size_t)n + 1);
	if ((size_t)n < room)
		return p;
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void
arena_defer(struct arena *a, void (*fn)(void *), void *object)
{
	struct deferred *d = arena_alloc(a, sizeof(*d));

	d->fn = fn;
	d->object = object;
	d->next = a->deferred;
	a->deferred = d;
}

/* Frees every block but, if `keep`, one of the usual size. */
static void
arena_empty(struct arena *a, bool keep)
{
	struct block *b, *next, *kept = NULL;

	/* What runs here may not use the arena any more. */
	for (struct deferred *d = a->deferred; d != NULL; d = d->next)
		d->fn(d->object);
	a->deferred = NULL;
	for (b = a->blocks; b != NULL; b = next) {
		next = b->next;
		if (keep && !ARENA_SEPARATE && kept == NULL &&
		    b->size == BLOCK_BYTES) {
			b->next = NULL;
			b->used = 0;
			kept = b;
		} else
			free(b);
	}
	a->blocks = kept;
	a->used = 0;
}

void
arena_reset(struct arena *a)
{
	arena_empty(a, true);
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_empty(a, false);
	free(a);
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}
