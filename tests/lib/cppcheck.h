/*
 * Read before each file by cppcheck, whose preprocessor does not know
 * __VA_OPT__: the two macros that use it, without their lists' last member.
 */
#include "base/log.h"
#include "store/db.h"

#undef LOG
#define LOG(level, event, ...) log_write(level, event, NULL)
#undef DB_PARAMS
#define DB_PARAMS(...) NULL
