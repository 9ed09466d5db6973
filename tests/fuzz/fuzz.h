/*
 * fuzz: what the drivers share. Each has one function, which libFuzzer calls
 * with bytes of its own invention (./configure --enable-fuzzers CC=clang)
 * and replay_main.c with the seeds in seeds/NAME. A driver states what must
 * hold for every input, with FUZZ_CHECK, and not merely that nothing breaks.
 */
#ifndef VT_TESTS_FUZZ_H
#define VT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define FUZZ_CHECK(truth)                                                \
	do {                                                             \
		if (!(truth)) {                                          \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, \
			    __LINE__, #truth);                           \
			abort();                                         \
		}                                                        \
	} while (0)

#endif
