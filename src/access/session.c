/* session: see session.h. */
#include "access/session.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COOKIE "__session"
#define COOKIE_NAME_BYTES 32
#define MACHINE_CATEGORY "cl_B7d4PD333AAA" /* header member cat */
#define MACHINE_PREFIX "mch_"

static const char *const names[SESSION_FAULT__MAX] = {
	[SESSION_OK] = "ok",
	[SESSION_ABSENT] = "absent",
	[SESSION_EMPTY] = "empty",
	[SESSION_SCHEME] = "scheme",
	[SESSION_MALFORMED] = "malformed",
	[SESSION_KEY] = "key",
	[SESSION_SIGNATURE] = "signature",
	[SESSION_MACHINE] = "machine",
	[SESSION_SUBJECT] = "subject",
	[SESSION_ISSUER] = "issuer",
	[SESSION_PARTY] = "party",
	[SESSION_EXPIRED] = "expired",
	[SESSION_EARLY] = "early",
	[SESSION_PENDING] = "pending",
};

const char *
session_fault_name(enum session_fault f)
{
	return names[f];
}

/* Visible ASCII that fits: ids go into logs, causes and metadata. */
static bool
copy_id(const char *from, char *out, size_t out_bytes)
{
	size_t n = 0;

	for (; from[n] != '\0'; n++)
		if (n + 1 >= out_bytes || from[n] <= 0x20 || from[n] >= 0x7f)
			return false;
	memcpy(out, from, n + 1);
	return true;
}

enum session_fault
session_check_header(const struct jwt *t)
{
	const char *category = json_str_at(t->header, "cat");

	if (category != NULL && strcmp(category, MACHINE_CATEGORY) == 0)
		return SESSION_MACHINE;
	return SESSION_OK;
}

static enum session_fault
check_subject(const struct jwt *t, struct session *out)
{
	const char *sub = json_str_at(t->claims, "sub");
	const char *sid = json_str_at(t->claims, "sid");
	const char *act = json_str_at(t->claims, "act.sub");

	if (sub == NULL || *sub == '\0' ||
	    !copy_id(sub, out->sub, sizeof(out->sub)))
		return SESSION_SUBJECT;
	if (strncmp(sub, MACHINE_PREFIX, strlen(MACHINE_PREFIX)) == 0)
		return SESSION_MACHINE;
	if (sid != NULL && !copy_id(sid, out->sid, sizeof(out->sid)))
		return SESSION_SUBJECT;
	/* Who acts for somebody else must be nameable. */
	if (json_get(t->claims, "act") != NULL &&
	    (act == NULL || *act == '\0' ||
		!copy_id(act, out->impersonator, sizeof(out->impersonator))))
		return SESSION_SUBJECT;
	return SESSION_OK;
}

/* Cookie tokens lack azp at times, and are good all the same (R81). */
static enum session_fault
check_party(const struct session_rules *rules, const struct jwt *t)
{
	const struct json *azp = json_get(t->claims, "azp");
	const char *text = json_str(azp);

	if (azp == NULL || rules->parties_count == 0)
		return SESSION_OK;
	for (size_t i = 0; text != NULL && i < rules->parties_count; i++)
		if (strcmp(text, rules->parties[i]) == 0)
			return SESSION_OK;
	return SESSION_PARTY;
}

/* True if the claim is absent, or a number that is not ahead of now. */
static bool
has_come(const struct jwt *t, const char *name, int64_t now_s)
{
	int64_t at;

	if (json_get(t->claims, name) == NULL)
		return true;
	return json_int_at(t->claims, name, &at) &&
	    at <= now_s + SESSION_SKEW_S;
}

bool
session_current(const struct session *s, int64_t now_s)
{
	return s->expires_s > now_s - SESSION_SKEW_S;
}

static enum session_fault
check_times(const struct jwt *t, int64_t now_s, struct session *out)
{
	if (!json_int_at(t->claims, "exp", &out->expires_s) ||
	    !session_current(out, now_s))
		return SESSION_EXPIRED;
	if (!has_come(t, "nbf", now_s) || !has_come(t, "iat", now_s))
		return SESSION_EARLY;
	return SESSION_OK;
}

/* Signed in, but something is still asked of the user (v2 claims). */
static enum session_fault
check_status(const struct jwt *t)
{
	const struct json *status = json_get(t->claims, "sts");
	const char *text = json_str(status);

	if (status == NULL || (text != NULL && strcmp(text, "active") == 0))
		return SESSION_OK;
	return SESSION_PENDING;
}

enum session_fault
session_check_claims(const struct session_rules *rules, const struct jwt *t,
    int64_t now_s, struct session *out)
{
	const char *issuer = json_str_at(t->claims, "iss");
	enum session_fault fault;

	memset(out, 0, sizeof(*out));
	if ((fault = check_subject(t, out)) != SESSION_OK ||
	    (fault = check_party(rules, t)) != SESSION_OK)
		return fault;
	if (issuer == NULL || strcmp(issuer, rules->issuer) != 0)
		return SESSION_ISSUER;
	if ((fault = check_times(t, now_s, out)) != SESSION_OK)
		return fault;
	return check_status(t);
}

static enum session_fault
find_bearer(const char *header, const char **token)
{
	static const char scheme[] = "Bearer ";
	const size_t n = sizeof(scheme) - 1;

	header += strspn(header, " \t");
	if (*header == '\0')
		return SESSION_EMPTY;
	if (strncasecmp(header, scheme, n) != 0)
		return SESSION_SCHEME;
	header += n;
	header += strspn(header, " ");
	if (*header == '\0')
		return SESSION_EMPTY;
	*token = header;
	return SESSION_OK;
}

enum session_fault
session_find(const struct request *r, const char *suffix, const char **token,
    bool *by_cookie)
{
	const char *header = request_header(r, "Authorization");
	char name[COOKIE_NAME_BYTES];

	*token = NULL;
	*by_cookie = false;
	if (header != NULL)
		return find_bearer(header, token);
	if (suffix != NULL) {
		(void)snprintf(name, sizeof(name), COOKIE "_%s", suffix);
		*token = request_cookie(r, name);
	}
	if (*token == NULL)
		*token = request_cookie(r, COOKIE);
	if (*token == NULL || **token == '\0')
		return SESSION_ABSENT;
	*by_cookie = true;
	return SESSION_OK;
}

enum vt_err
session_origin(struct arena *a, const char *url, const char **origin)
{
	static const struct {
		const char *scheme, *port;
	} known[] = { { "https://", ":443" }, { "http://", ":80" } };

	for (size_t i = 0; i < countof(known); i++) {
		size_t scheme = strlen(known[i].scheme), host, port;
		char *out;

		if (strncasecmp(url, known[i].scheme, scheme) != 0)
			continue;
		host = strcspn(url + scheme, "/?#");
		if (host == 0 || memchr(url + scheme, '@', host) != NULL)
			return VT_INVALID;
		port = strlen(known[i].port);
		if (host > port &&
		    memcmp(url + scheme + host - port, known[i].port, port) ==
			0)
			host -= port;
		out = arena_memdup(a, url, scheme + host);
		for (char *c = out; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
		*origin = out;
		return VT_OK;
	}
	return VT_INVALID;
}
