/* address: see address.h. */
#include "core/address.h"

#include "core/resource.h"

void
address_put(struct json *o, const struct json *given)
{
	static const char *const lines[] = { "city", "country", "line1",
		"line2", "postal_code", "state", NULL };
	struct json *address;

	if (given == NULL)
		return;
	if (json_is_null(given)) {
		json_put_text(o, "address", "null");
		return;
	}
	address = json_put_object(o, "address");
	for (const char *const *n = lines; *n != NULL; n++)
		json_put_copy(address, *n, json_get(given, *n));
}

void
address_put_shipping(struct json *o, const struct json *given)
{
	static const char *const names[] = { "carrier", "name", "phone",
		"tracking_number", NULL };
	struct json *shipping;

	if (given == NULL)
		return;
	if (json_is_null(given)) {
		json_put_text(o, "shipping", "null");
		return;
	}
	shipping = json_put_object(o, "shipping");
	address_put(shipping, json_get(given, "address"));
	doc_apply(shipping, given, names);
	if (json_get(shipping, "phone") == NULL)
		json_put_null(shipping, "phone");
}
