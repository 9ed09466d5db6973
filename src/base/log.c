/* log: see log.h. */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

/* Longer than any line of ours; what exceeds it is dropped and said. */
#define LINE_BYTES_MAX (16 * 1024)

static const char *const level_names[LOG_LEVEL__MAX] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

static const char null_text[] = "";
static const char *process_name = "vantage";
static enum log_level level_most = LOG_INFO;
static int log_fd = STDERR_FILENO;
static _Thread_local const char *request_id;

struct log_field
log_text(const char *name, const char *value)
{
	return (struct log_field){ name, value == NULL ? null_text : value,
		value == NULL };
}

void
log_process(const char *name)
{
	process_name = name;
}

enum vt_err
log_level_set(const char *name)
{
	for (size_t i = 0; i < countof(level_names); i++)
		if (strcmp(name, level_names[i]) == 0) {
			level_most = (enum log_level)i;
			return VT_OK;
		}
	return VT_INVALID;
}

void
log_request(const char *id)
{
	request_id = id;
}

const char *
log_request_id(void)
{
	return request_id;
}

void
log_to(int fd)
{
	log_fd = fd;
}

/* A JSON string; bytes above 0x7f are passed on as they are. */
static void
put_string(struct buf *b, const char *s)
{
	buf_putc(b, '"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			buf_putc(b, '\\');
			buf_putc(b, *s);
		} else if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\u%04x", c);
		else
			buf_putc(b, *s);
	}
	buf_putc(b, '"');
}

static void
put_member(struct buf *b, const char *name, const char *value)
{
	buf_putc(b, ',');
	put_string(b, name);
	buf_putc(b, ':');
	put_string(b, value);
}

static void
put_field(struct buf *b, const struct log_field *f)
{
	if (f->text == null_text && f->number == 1) {
		buf_putc(b, ',');
		put_string(b, f->name);
		buf_puts(b, ":null");
	} else if (f->text != NULL)
		put_member(b, f->name, f->text);
	else {
		buf_putc(b, ',');
		put_string(b, f->name);
		buf_printf(b, ":%" PRId64, f->number);
	}
}

void
log_write(
    enum log_level level, const char *event, const struct log_field *fields)
{
	char at[CLOCK_TEXT_BYTES];
	int saved = errno;
	struct buf b;

	if (level > level_most)
		return;
	buf_init(&b, LINE_BYTES_MAX);
	clock_format_ms(clock_now_ms(), at);
	buf_printf(
	    &b, "{\"at\":\"%s\",\"level\":\"%s\"", at, level_names[level]);
	put_member(&b, "process", process_name);
	buf_printf(&b, ",\"pid\":%d", (int)getpid());
	put_member(&b, "event", event);
	if (request_id != NULL)
		put_member(&b, "request_id", request_id);
	for (; fields->name != NULL; fields++)
		put_field(&b, fields);
	buf_puts(&b, "}\n");
	if (b.failed) {
		buf_clear(&b);
		buf_printf(&b, "{\"at\":\"%s\",\"level\":\"error\"", at);
		put_member(&b, "event", "log.line_too_long");
		put_member(&b, "about", event);
		buf_puts(&b, "}\n");
	}
	/* There is nobody to tell that the log is gone. */
	if (write(log_fd, b.data, b.len) < 0)
		errno = 0;
	buf_free(&b);
	errno = saved;
}
