/* nginx_conf: sandbox/alone/nginx.conf.in, inside the program. */
#ifndef SANDBOX_NGINX_CONF_H
#define SANDBOX_NGINX_CONF_H

extern const char nginx_conf_text[];

#endif
