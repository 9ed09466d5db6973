/* route: which row of a table serves a request. See route.h. */
#include "web/route.h"

#include <string.h>

static bool
path_matches(const char *pattern, const char *path)
{
	size_t n = strlen(pattern);

	if (n >= 2 && pattern[n - 1] == '*' && pattern[n - 2] == '/')
		return strncmp(pattern, path, n - 1) == 0;
	return strcmp(pattern, path) == 0;
}

/* "GET, HEAD, POST" for the methods that the bits name. */
static const char *
allow_text(struct arena *a, unsigned methods)
{
	const char *text = "";

	for (unsigned m = 0; m < HTTP_OTHER; m++)
		if ((methods & 1u << m) != 0)
			text = arena_printf(a, "%s%s%s%s", text,
			    *text == '\0' ? "" : ", ",
			    http_method_name((enum http_method)m),
			    m == HTTP_GET ? ", HEAD" : "");
	return text;
}

enum vt_err
route_find(const struct route *routes, size_t count, const struct request *r,
    const struct route **out, const char **allow, struct vt_problem *p)
{
	unsigned methods = 0;

	*allow = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!path_matches(routes[i].path, r->path))
			continue;
		if (routes[i].method == r->method) {
			*out = &routes[i];
			return VT_OK;
		}
		methods |= 1u << routes[i].method;
	}
	if (methods == 0)
		return vt_problem(p, VT_NOTFOUND, "not_found", NULL,
		    "There is nothing at this path.");
	*allow = allow_text(r->arena, methods);
	return vt_problem(p, VT_DENIED, "method_not_allowed", NULL,
	    "This path allows only %s.", *allow);
}
