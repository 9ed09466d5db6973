/* schema: schema.sql as text, built in. */
#ifndef SANDBOX_SCHEMA_H
#define SANDBOX_SCHEMA_H

extern const char schema_sql[];

#endif
